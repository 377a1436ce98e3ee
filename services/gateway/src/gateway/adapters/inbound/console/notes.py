"""What a page says after a redirect."""

from gateway.adapters.inbound.console.languages import gettext_noop

# By the word in the address, which is never a text that a stranger could choose.
NOTES = {
    "started": gettext_noop("Your generation has started. It appears below as it develops."),
    "cancelled": gettext_noop("Cancelled. The credits are back in your balance."),
    "cancelling": gettext_noop("Cancelling. The credits come back as soon as it has stopped."),
    "too-late": gettext_noop(
        "Too late: it had already finished. Its card shows how it ended, and what it cost."
    ),
    "deleted": gettext_noop("Deleted."),
    "nothing-to-download": gettext_noop(
        "There is nothing to download in what you selected: nothing came out."
    ),
    "too-large": gettext_noop("That is more than 2 GB. Select fewer, and download the rest afterwards."),
    "not-two": gettext_noop("Select two to compare them."),
    "none-selected": gettext_noop("Nothing is selected."),
    "restored": gettext_noop("It is back."),
    "restored-many": gettext_noop("They are back."),
    "collection-made": gettext_noop("Made. Select pictures in your library to add them."),
    "collected": gettext_noop("Added."),
    "taken-out": gettext_noop("Removed from the collection. It stays in your library."),
    "renamed": gettext_noop("Renamed."),
    "collection-deleted": gettext_noop("Deleted. What was in it stays in your library."),
    "corrected": gettext_noop("Corrected. The person sees it in their statement."),
    "replayed": gettext_noop("Applied, and recorded with your name."),
    "failed-again": gettext_noop("It failed again. Below it says why."),
    "changed": gettext_noop("Changed, and recorded with your name."),
    "saved": gettext_noop("Saved."),
    "email-asked": gettext_noop("Mails are on their way. Follow the link in the one to the new address."),
    "email-changed": gettext_noop("Done. From now on you sign in with your new address."),
    "email-kept": gettext_noop("Your account has its old address. Now choose a new password."),
    "factor-off": gettext_noop("Signing in asks for no code any more."),
    "proven": gettext_noop("Thank you. Now go on: it can be done for ten minutes."),
    "session-ended": gettext_noop("Signed out there."),
    "others-ended": gettext_noop("Signed out everywhere but here."),
    "leaving": gettext_noop("Your account will be deleted. A mail says when."),
    "staying": gettext_noop("Your account stays as it is."),
    "webhook-sent": gettext_noop("It is on its way. Look again in a moment to see what came of it."),
    "webhook-running": gettext_noop("It is being sent right now."),
    "webhook-removed": gettext_noop("Removed. Nothing is sent there any more."),
    "key-revoked": gettext_noop("Revoked. Whatever uses the key is refused from now on."),
    "linked": gettext_noop("Linked. From now on it signs you in, too."),
    "unlinked": gettext_noop("Removed. It signs you in no longer."),
    "passkey-added": gettext_noop("Added. From now on it signs you in."),
    "passkey-removed": gettext_noop("Removed. The passkey signs you in no longer."),
    "unpaid": gettext_noop("You left the payment page. Nothing was charged."),
    "subscribed": gettext_noop("You have a plan already. Here you change it, or end it."),
    "plan-changed": gettext_noop("Done. Below it says how your plan stands now."),
    "plan-cancelled": gettext_noop("Your plan ends with what is paid for. Until then you can take it back."),
    "plan-kept": gettext_noop("Your plan goes on as it was."),
    "redeemed": gettext_noop("The code is yours. Its credits are in your balance in a moment."),
    "top-up-on": gettext_noop("Auto top-up is on."),
    "top-up-off": gettext_noop("Auto top-up is off. Nothing is bought by itself any more."),
    "invited": gettext_noop("Welcome. Your credits come once you have bought something and kept it."),
    "withdrawn": gettext_noop("Withdrawn. The link leads nowhere now."),
    "ended": gettext_noop("You were signed out meanwhile, so nothing was done. Sign in to go on."),
    "signed-out": gettext_noop("You are signed out."),
    "reset-sent": gettext_noop("If that address has an account, a mail with a link is on its way."),
    "password-set": gettext_noop("Your new password is set. Sign in with it."),
    "verified": gettext_noop("Your email address is confirmed."),
    "verified-unwelcomed": gettext_noop(
        "Your email address is confirmed. Your mailbox got its welcome credits before, "
        "under another address of it: this account works without them."
    ),
    "verification-sent": gettext_noop("A mail with a link is on its way."),
}
