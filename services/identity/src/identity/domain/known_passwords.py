"""Passwords of ten characters and more that lead every published list of leaked ones.

Short on purpose: anything shorter is refused by its length already, and guessing online is rate limited.
"""

_LISTED = """
0123456789 01234567890 0987654321 1029384756 1111122222 1122334455 112233445566 1212121212 1231231231
123123123123 1233211234567 1234512345 1234554321 123456123456 1234567890 1234567890- 1234567890-=
12345678900 12345678901 123456789012 1234567890a 1234567890q 1234567891 12345678910 123456789a 123456789q
123456789z 123456abcdef 123456qwerty 12345qwert 12345qwerty 1234rewqasdf 123qwe123qwe 123qweasdzxc
1472583690 159753456852 1597534682 1a2b3c4d5e 1a2s3d4f5g 1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e4r5t6y7u
1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc 1qw23er45t 2wsx3edc4rfv 6543210987 7418529630 7894561230
789456123a 9876543210 98765432100 9876543211 a123456789 a1234567890 a1b2c3d4e5 aa12345678 aa123456789
abc1234567 abc123456789 abc123abc123 abcd123456 abcd12345678 abcde12345 abcdef1234 abcdef123456
abcdefghij abcdefghijk abcdefghijkl admin12345 admin123456 adminadmin administrator alexander1
asdasdasdasd asdf123456 asdfasdfasdf asdfghjkl1 asdfghjkl123 asdfghjkl; assassin123 azertyuiop
baseball123 basketball basketball1 basketball123 bismillah1 blink182182 butterfly1 california1 changeme12
changeme123 changeme1234 changemenow charlie123 chocolate1 chocolate123 christopher computer123
correcthorsebatterystaple dragon12345 elizabeth1 facebook123 football12 football123 football1234
godzilla123 hello12345 hello123456 helloworld helloworld1 iloveyou12 iloveyou123 iloveyou1234 iloveyou22
iloveyouforever iloveyousomuch incorrect1 jennifer123 jesuschrist jonathan123 killer12345 letmein123
letmein1234 letmeinnow liverpool1 liverpool123 logitech123 manchester manchester1 master12345 michael123
microsoft1 minecraft1 minecraft123 monkey12345 mypassword mypassword1 myspace123 newpassword p@ssw0rd123
p@ssw0rd1234 p@ssword123 pa55w0rd123 pakistan123 passw0rd12 passw0rd123 password00 password01 password1!
password10 password11 password12 password123 password123! password1234 password12345 password123456
password2024 password2025 password2026 password99 passwordpassword pokemon12345 princess12 princess123
q1w2e3r4t5 q1w2e3r4t5y6 qazwsx1234 qazwsx12345 qazwsx123456 qazwsxedc1 qazwsxedc123 qazwsxedcrfv
qqww1122334455 qwe123qwe123 qweasdzxc1 qweasdzxc123 qweqweqweqwe qwer123456 qwerasdfzxcv qwert12345
qwerty1234 qwerty12345 qwerty123456 qwerty1234567 qwertyqwerty qwertyuiop qwertyuiop1 qwertyuiop12
qwertyuiop123 qwertyuiop[] rockyou123 samsung123 secret1234 secret12345 september1 spiderman1
spiderman123 starwars12 starwars123 sunshine12 sunshine123 superman12 superman123 temporary1 test123456
testtest12 testtest123 testtesttest thisismypassword tintype123 tintype1234 tintypetintype
trustno1trustno1 unknown123 welcome123 welcome1234 welcome12345 welcome2024 welcome2025 welcome2026
whatever12 whatever123 william123 xxxxxxxxxx yourpassword zaq12wsxcde3 zaq1zaq1zaq1 zxcvbnm123
zxcvbnm1234 zxcvbnm12345 zxcvbnmzxcvbnm
"""

KNOWN_PASSWORDS = frozenset(_LISTED.split())
