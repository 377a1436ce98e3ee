-- What the ledger does for one command, as one plpgsql call: the same rows in the same tables, under the
-- same locks. It is the opponent of the benchmark, so it is written to be fast: no round trip inside, one
-- statement a row, no NOTIFY (its lock would let the 32 clients commit one after the other only).
-- Facts are not encoded here: PAYLOAD_BYTES and TRACE_HEADERS stand for what is as long as in a real fact.

CREATE FUNCTION bench_id(prefix text) RETURNS text LANGUAGE sql AS
$$ SELECT prefix || '_' || replace(uuidv7()::text, '-', '') $$;

CREATE FUNCTION bench_reserve(the_account text, wanted bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    now timestamptz := clock_timestamp();
    reservation text := bench_id('res');
    generation text := bench_id('gen');
    request text := 'gen:' || generation || ':reserve';
    transaction text := bench_id('txn');
    printed text := encode(sha256(convert_to(
        'ReserveCredits|' || the_account || '|' || wanted || '|' || generation || '|3600', 'UTF8')), 'hex');
    account accounts%ROWTYPE;
    lot record;
    part bigint;
    missing bigint := wanted;
    grants text[] := '{}';
    amounts bigint[] := '{}';
    nothing bigint[] := '{}';
BEGIN
    SELECT * INTO STRICT account FROM accounts a WHERE a.account_id = the_account FOR NO KEY UPDATE;
    INSERT INTO requests (request_id, account_id, command, fingerprint, made_id, created_at)
    VALUES (request, the_account, 'ReserveCredits', printed, reservation, now)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN (SELECT made_id FROM requests r WHERE r.request_id = request AND r.fingerprint = printed);
    END IF;
    IF account.available < wanted OR account.debt > 0 THEN
        RAISE EXCEPTION 'INSUFFICIENT_CREDITS';
    END IF;
    FOR lot IN
        SELECT l.grant_id, l.category, l.remaining FROM lots l
        WHERE l.account_id = the_account AND NOT l.drained AND l.effective_at <= now
          AND (l.expires_at IS NULL OR l.expires_at > now)
        ORDER BY l.priority, l.expires_at NULLS LAST,
                 array_position('{subscription,promotional,paid}', l.category), l.created_at
    LOOP
        part := least(lot.remaining, missing);
        UPDATE lots l SET remaining = l.remaining - part, held = l.held + part WHERE l.grant_id = lot.grant_id;
        account.sequence := account.sequence + 1;
        account.available := account.available - part;
        account.held := account.held + part;
        INSERT INTO entries (entry_id, transaction_id, account_id, sequence, kind, category, available, held,
                             world, revenue, breakage, debt, adjustment, balance_after, held_after,
                             request_id, grant_id, reservation_id, reference, payment_id, actor, reason,
                             metadata, created_at)
        VALUES (bench_id('ent'), transaction, the_account, account.sequence, 'reserve', lot.category, -part,
                part, 0, 0, 0, 0, 0, account.available, account.held, request, lot.grant_id, reservation,
                generation, NULL, '', '', '{}', now);
        grants := grants || lot.grant_id;
        amounts := amounts || part;
        nothing := nothing || 0::bigint;
        missing := missing - part;
        EXIT WHEN missing = 0;
    END LOOP;
    INSERT INTO reservations (reservation_id, account_id, reference, reserved, charged, refunded, state,
                              expires_at, created_at, line_grants, line_amounts, line_charged)
    VALUES (reservation, the_account, generation, wanted, 0, 0, 'held', now + interval '1 hour', now,
            grants, amounts, nothing);
    UPDATE accounts a SET available = account.available, held = account.held,
                          sequence = account.sequence, updated_at = now
    WHERE a.account_id = the_account;
    INSERT INTO outbox (subject, ce_id, ce_type, ce_source, ce_time, headers, payload)
    VALUES ('tintype.ledger.v1.credits_reserved.' || the_account, bench_id('evt'), 'tintype.ledger.v1.CreditsReserved',
            '/tintype/ledger', now, TRACE_HEADERS, decode(repeat('2a', PAYLOAD_BYTES), 'hex'));
    RETURN reservation;
END $$;

CREATE FUNCTION bench_charge(the_reservation text, amount bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    now timestamptz := clock_timestamp();
    transaction text := bench_id('txn');
    request text;
    printed text := encode(sha256(convert_to(
        'ChargeReservation|' || the_reservation || '|' || amount, 'UTF8')), 'hex');
    pinned reservations%ROWTYPE;
    account accounts%ROWTYPE;
    owner text;
    category text;
BEGIN
    SELECT r.account_id INTO STRICT owner FROM reservations r WHERE r.reservation_id = the_reservation;
    SELECT * INTO STRICT account FROM accounts a WHERE a.account_id = owner FOR NO KEY UPDATE;
    SELECT * INTO STRICT pinned FROM reservations r WHERE r.reservation_id = the_reservation;
    request := 'gen:' || pinned.reference || ':charge';
    INSERT INTO requests (request_id, account_id, command, fingerprint, made_id, created_at)
    VALUES (request, owner, 'ChargeReservation', printed, the_reservation, now)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND OR pinned.state <> 'held' THEN
        RETURN pinned.state;
    END IF;
    IF amount <> pinned.reserved THEN
        RAISE EXCEPTION 'the benchmark charges reservations whole';
    END IF;
    FOR line IN 1 .. cardinality(pinned.line_grants) LOOP
        UPDATE lots l SET held = l.held - pinned.line_amounts[line], spent = l.spent + pinned.line_amounts[line]
        WHERE l.grant_id = pinned.line_grants[line] RETURNING l.category INTO category;
        account.sequence := account.sequence + 1;
        account.held := account.held - pinned.line_amounts[line];
        INSERT INTO entries (entry_id, transaction_id, account_id, sequence, kind, category, available, held,
                             world, revenue, breakage, debt, adjustment, balance_after, held_after,
                             request_id, grant_id, reservation_id, reference, payment_id, actor, reason,
                             metadata, created_at)
        VALUES (bench_id('ent'), transaction, owner, account.sequence, 'charge', category, 0,
                -pinned.line_amounts[line], 0, pinned.line_amounts[line], 0, 0, 0, account.available,
                account.held, request, pinned.line_grants[line], the_reservation, pinned.reference, NULL, '',
                '', '{}', now);
    END LOOP;
    UPDATE reservations r SET state = 'charged', charged = amount, settled_at = now,
                              line_charged = pinned.line_amounts
    WHERE r.reservation_id = the_reservation;
    UPDATE accounts a SET available = account.available, held = account.held,
                          sequence = account.sequence, updated_at = now
    WHERE a.account_id = owner;
    INSERT INTO outbox (subject, ce_id, ce_type, ce_source, ce_time, headers, payload)
    VALUES ('tintype.ledger.v1.credits_charged.' || owner, bench_id('evt'), 'tintype.ledger.v1.CreditsCharged',
            '/tintype/ledger', now, TRACE_HEADERS, decode(repeat('2a', PAYLOAD_BYTES), 'hex'));
    RETURN 'charged';
END $$;
