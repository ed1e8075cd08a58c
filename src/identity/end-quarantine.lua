-- end-quarantine: ends the quarantine of an event, once, and erases its token.
-- idempotency: record of the client's scope; tokenIdempotency: of the token's own.
-- to: accepted | rejected; reason: of a rejection; client: '' when it is not proved; now: ms; retentionMs: of what is rejected.
-- Answers: {'accepted'} | {'rejected', reason} | {'refused', state it is in, or 'gone'}
-- Invariant: an event leaves quarantine only here. Token, index entry and byte count go in the same step as the verdict
-- comes; of the events with one client and key, at most one is ever accepted, be it posted in quarantine or not.
local record = redis.call('HMGET', keys.event, 'state', 'bytes', 'mode')
if record[1] ~= 'quarantined' then
  redis.call('ZREM', keys.eventsQuarantined, args.id)
  return { 'refused', record[1] or 'gone' }
end
local to, reason = args.to, args.reason
if to == 'accepted' then
  local known = redis.call('GET', keys.idempotency)
  if known then
    local fingerprint, id = string.match(known, '^(%S+) (%S+) ')
    to = 'rejected'
    reason = fingerprint == args.fingerprint and 'duplicate' or 'idempotency-conflict'
    redis.call('HSET', keys.event, 'earlierEvent', id)
  else
    redis.call('SET', keys.idempotency, args.fingerprint .. ' ' .. args.id .. ' quarantined ' .. record[3], 'PX', args.idempotencyMs)
    redis.call('ZADD', keys.eventsOpen, args.now, args.id)
    reason = ''
  end
end
redis.call('HSET', keys.event, 'state', to, 'reason', reason, 'client', args.client, 'judgedAt', args.now)
redis.call('HDEL', keys.event, 'token', 'bytes', 'idempotency', 'tokenScope')
redis.call('ZREM', keys.eventsQuarantined, args.id)
if redis.call('ZCARD', keys.eventsQuarantined) == 0 then
  redis.call('DEL', keys.quarantineBytes)
else
  redis.call('DECRBY', keys.quarantineBytes, record[2] or 0)
end
if to == 'accepted' then
  return { 'accepted' }
end
-- The same token may try again: it must not be told for ever that it has been heard.
redis.call('DEL', keys.tokenIdempotency)
redis.call('PEXPIRE', keys.event, args.retentionMs)
return { 'rejected', reason }
