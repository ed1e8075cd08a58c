-- append-audit: adds a line to the hash-chained audit stream.
-- KEYS: 1 gate (holds the head of the chain), 2 audit stream
-- ARGV: 1 hash that the caller saw at the head, 2 audit line (JSON), 3 hash of the chain up to that line, with its seal
-- Answers: {'done'} | {'moved', hash}: somebody was first, read again
local head = redis.call('HGET', KEYS[1], 'auditHash') or ''
if head ~= ARGV[1] then
  return { 'moved', head }
end
redis.call('XADD', KEYS[2], '*', 'line', ARGV[2], 'hash', ARGV[3])
redis.call('HSET', KEYS[1], 'auditHash', ARGV[3])
return { 'done' }
