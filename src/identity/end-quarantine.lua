-- end-quarantine: ends the quarantine of an event, once, and erases its token.
-- KEYS: 1 event record, 2 quarantined events (zset), 3 bytes in quarantine, 4 idempotency record of the client's scope,
--       5 idempotency record of the token's own scope, 6 open events (zset)
-- ARGV: 1 event id, 2 'accepted' | 'rejected', 3 reason of a rejection, 4 client ('' when it is not proved),
--       5 fingerprint, 6 idempotency TTL (ms), 7 now (ms), 8 retention (ms) of what is rejected
-- Answers: {'accepted'} | {'rejected', reason} | {'refused', state it is in, or 'gone'}
-- Invariant: an event leaves quarantine only here. Token, index entry and byte count go in the same step as the verdict
-- comes; of the events with one client and key, at most one is ever accepted, be it posted in quarantine or not.
local record = redis.call('HMGET', KEYS[1], 'state', 'bytes', 'mode')
if record[1] ~= 'quarantined' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return { 'refused', record[1] or 'gone' }
end
local to, reason = ARGV[2], ARGV[3]
if to == 'accepted' then
  local known = redis.call('GET', KEYS[4])
  if known then
    local fingerprint, id = string.match(known, '^(%S+) (%S+) ')
    to = 'rejected'
    reason = fingerprint == ARGV[5] and 'duplicate' or 'idempotency-conflict'
    redis.call('HSET', KEYS[1], 'earlierEvent', id)
  else
    redis.call('SET', KEYS[4], ARGV[5] .. ' ' .. ARGV[1] .. ' quarantined ' .. record[3], 'PX', ARGV[6])
    redis.call('ZADD', KEYS[6], ARGV[7], ARGV[1])
    reason = ''
  end
end
redis.call('HSET', KEYS[1], 'state', to, 'reason', reason, 'client', ARGV[4], 'judgedAt', ARGV[7])
redis.call('HDEL', KEYS[1], 'token', 'bytes', 'idempotency', 'tokenScope')
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('ZCARD', KEYS[2]) == 0 then
  redis.call('DEL', KEYS[3])
else
  redis.call('DECRBY', KEYS[3], record[2] or 0)
end
if to == 'accepted' then
  return { 'accepted' }
end
-- The same token may try again: it must not be told for ever that it has been heard.
redis.call('DEL', KEYS[5])
redis.call('PEXPIRE', KEYS[1], ARGV[8])
return { 'rejected', reason }
