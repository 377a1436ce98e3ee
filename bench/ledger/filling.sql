-- A journal that is consistent by construction: ACCOUNTS accounts, each with one grant and PAIRS
-- reservations that were charged whole. Keys grow with time, as those of the service do.

INSERT INTO accounts (account_id, available, held, debt, sequence, updated_at)
SELECT 'usr_' || lpad(n::text, 32, '0'), 1000000000 - 5 * PAIRS, 0, 0, 1 + 2 * PAIRS, now()
FROM generate_series(1, ACCOUNTS) n;

INSERT INTO lots (grant_id, account_id, category, amount, remaining, held, spent, expired, priority,
                  effective_at, source, created_at)
SELECT 'grt_' || lpad(n::text, 32, '0'), 'usr_' || lpad(n::text, 32, '0'), 'promotional', 1000000000,
       1000000000 - 5 * PAIRS, 0, 5 * PAIRS, 0, 100, now(), 'welcome', now()
FROM generate_series(1, ACCOUNTS) n;

INSERT INTO requests (request_id, account_id, command, fingerprint, made_id, created_at)
SELECT 'welcome:usr_' || lpad(n::text, 32, '0'), 'usr_' || lpad(n::text, 32, '0'), 'GrantCredits',
       encode(sha256(convert_to(n::text, 'UTF8')), 'hex'), 'grt_' || lpad(n::text, 32, '0'), now()
FROM generate_series(1, ACCOUNTS) n;

INSERT INTO entries (entry_id, transaction_id, account_id, sequence, kind, category, available, held, world,
                     revenue, breakage, debt, adjustment, balance_after, held_after, request_id, grant_id,
                     created_at)
SELECT 'ent_' || lpad(n::text, 32, '0'), 'txn_' || lpad(n::text, 32, '0'), 'usr_' || lpad(n::text, 32, '0'),
       1, 'grant', 'promotional', 1000000000, 0, -1000000000, 0, 0, 0, 0, 1000000000, 0,
       'welcome:usr_' || lpad(n::text, 32, '0'), 'grt_' || lpad(n::text, 32, '0'), now()
FROM generate_series(1, ACCOUNTS) n;

INSERT INTO reservations (reservation_id, account_id, reference, reserved, charged, refunded, state,
                          expires_at, created_at, settled_at, line_grants, line_amounts, line_charged)
SELECT 'res_' || lpad(id::text, 32, '0'), 'usr_' || lpad(n::text, 32, '0'), 'gen_' || lpad(id::text, 32, '0'),
       5, 5, 0, 'charged', now() + interval '1 hour', now(), now(),
       ARRAY['grt_' || lpad(n::text, 32, '0')], '{5}', '{5}'
FROM generate_series(1, PAIRS * ACCOUNTS) id, LATERAL (SELECT (id - 1) / ACCOUNTS + 1, (id - 1) % ACCOUNTS + 1) p(k, n);

INSERT INTO requests (request_id, account_id, command, fingerprint, made_id, created_at)
SELECT 'gen:gen_' || lpad(id::text, 32, '0') || ':' || step, 'usr_' || lpad(n::text, 32, '0'),
       CASE step WHEN 'reserve' THEN 'ReserveCredits' ELSE 'ChargeReservation' END,
       encode(sha256(convert_to(id || step, 'UTF8')), 'hex'), 'res_' || lpad(id::text, 32, '0'), now()
FROM generate_series(1, PAIRS * ACCOUNTS) id, LATERAL (SELECT (id - 1) / ACCOUNTS + 1, (id - 1) % ACCOUNTS + 1) p(k, n),
     (VALUES ('charge'), ('reserve')) steps(step);

INSERT INTO entries (entry_id, transaction_id, account_id, sequence, kind, category, available, held, world,
                     revenue, breakage, debt, adjustment, balance_after, held_after, request_id, grant_id,
                     reservation_id, reference, created_at)
SELECT 'ent_' || lpad((2 * id + later)::text, 32, '0'), 'txn_' || lpad((2 * id + later)::text, 32, '0'),
       'usr_' || lpad(n::text, 32, '0'), 2 * k + later, step, 'promotional', 5 * (later - 1), 5 - 10 * later,
       0, 5 * later, 0, 0, 0, 1000000000 - 5 * k, 5 * (1 - later),
       'gen:gen_' || lpad(id::text, 32, '0') || ':' || step, 'grt_' || lpad(n::text, 32, '0'),
       'res_' || lpad(id::text, 32, '0'), 'gen_' || lpad(id::text, 32, '0'), now()
FROM generate_series(1, PAIRS * ACCOUNTS) id, LATERAL (SELECT (id - 1) / ACCOUNTS + 1, (id - 1) % ACCOUNTS + 1) p(k, n),
     (VALUES (0, 'reserve'), (1, 'charge')) steps(later, step);
