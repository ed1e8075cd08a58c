-- trim-audit: takes the oldest lines off the audit stream, and leaves a line that says so.
-- KEYS: 1 gate (holds the head of the chain), 2 audit stream
-- ARGV: 1 hash that the caller saw at the head, 2 audit line (JSON), 3 hash of the chain up to that line,
--       4 hash of the last line that goes, 5 its number, 6 id of the first entry that stays
-- Answers: {'done'} | {'moved', hash}: somebody was first, read again
-- Invariant: `auditBase` is what the first line that is left follows; the chain has a line that names the same base.
local head = redis.call('HGET', KEYS[1], 'auditHash') or ''
if head ~= ARGV[1] then
  return { 'moved', head }
end
redis.call('XADD', KEYS[2], '*', 'line', ARGV[2], 'hash', ARGV[3])
redis.call('HSET', KEYS[1], 'auditHash', ARGV[3], 'auditBase', ARGV[4], 'auditBaseCount', ARGV[5])
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[6])
return { 'done' }
