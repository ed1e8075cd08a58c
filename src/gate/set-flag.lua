-- set-flag: changes one run-time flag of the gate and leaves a line in the audit chain.
-- KEYS: 1 gate, 2 inflight, 3 audit stream, 4 counts
-- ARGV: 1 flag, 2 value, 3 epoch that the caller saw, 4 audit line (JSON), 5 hash of the chain up to that line, with its seal,
--       6 until (ms, '' for none), 7 hint channel, 8 'run' when this starts a new run,
--       9 head of the audit chain that the caller saw,
--       10 lineage that the store is adopted under ('' for none), 11 lineage that it must have for that,
--       12 epoch that the new one must be above
-- Answers: {'done', new epoch, permits under way, lineage, changes}
--          {'moved', epoch, head, value, until}: somebody was first; what the caller must have seen to try again
--          {'other-lineage'}: it has been adopted meanwhile
-- Invariant: the epoch only grows; flag, epoch and audit line change together; after the answer every permit sees it.
-- A store is adopted only together with a change of a flag.
--- include: ../store/clock.lua
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if ARGV[10] ~= '' and redis.call('HGET', KEYS[1], 'lineage') ~= ARGV[11] then
  return { 'other-lineage' }
end
if epoch ~= ARGV[3] or (redis.call('HGET', KEYS[1], 'auditHash') or '') ~= ARGV[9] then
  local found = redis.call('HMGET', KEYS[1], 'auditHash', ARGV[1], 'until:' .. ARGV[1])
  return { 'moved', epoch or '', found[1] or '', found[2] or '', found[3] or '' }
end
local next = int(math.max(tonumber(epoch), tonumber(ARGV[12])) + 1)
redis.call('HSET', KEYS[1], 'epoch', next, ARGV[1], ARGV[2], 'meta:' .. ARGV[1], ARGV[4], 'auditHash', ARGV[5])
if ARGV[6] == '' then
  redis.call('HDEL', KEYS[1], 'until:' .. ARGV[1])
else
  redis.call('HSET', KEYS[1], 'until:' .. ARGV[1], ARGV[6])
end
if ARGV[10] ~= '' then
  redis.call('HSET', KEYS[1], 'lineage', ARGV[10], 'adoptedFrom', ARGV[11])
  redis.call('HDEL', KEYS[1], 'wentBack')
end
if ARGV[8] == 'run' then
  redis.call('HSET', KEYS[1], 'run', next)
end
redis.call('XADD', KEYS[3], '*', 'line', ARGV[4], 'hash', ARGV[5])
redis.call('PUBLISH', ARGV[7], next)
return { 'done', next, redis.call('ZCOUNT', KEYS[2], int(nowMs()), '+inf'),
  redis.call('HGET', KEYS[1], 'lineage') or '', redis.call('HGET', KEYS[4], 'changes') or '0' }
