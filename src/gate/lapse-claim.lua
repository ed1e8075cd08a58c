-- lapse-claim: ends a claim whose deadline has passed. Its worker is dead or cut off, and whether the message
-- left cannot be known, so the template's policy decides.
-- policy: ask | resend-once.
-- Returns: {'unknown'} | {'queued', generation} | {'live', ms left} | {'not-claimed', state}
-- Invariant: "claimed" is never taken for "not sent"; at most one resend per message.
--- include: ../store/move-message.lua

local now = nowMs()
local record = redis.call('HMGET', keys.message, 'state', 'deadline', 'resends', 'generation', 'lateSent', 'channel',
  'category', 'id', 'owner', 'v')
if record[1] ~= 'claimed' or tonumber(record[10] or '1') > RECORD_VERSION then
  return { 'not-claimed', record[1] or 'gone' }
end
local left = (tonumber(record[2] or '') or 0) - now
if left > 0 then
  return { 'live', int(left) }
end
redis.call('ZREM', keys.inflight, record[6] .. ' ' .. record[7] .. ' ' .. record[8] .. ' ' .. record[9])
if record[5] then
  move(now, 'sent', { reason = 'late-sent' }, nil, nil, args.retentionMs)
  return { 'not-claimed', 'sent' }
end
if args.policy == 'resend-once' and tonumber(record[3] or '0') == 0 then
  local generation = int(tonumber(record[4] or '1') + 1)
  move(now, 'queued', { reason = 'resend-once' }, { resends = '1', generation = generation }, now, args.retentionMs)
  return { 'queued', generation }
end
move(now, 'unknown', { reason = 'claim-lapsed' }, nil, now, args.retentionMs)
return { 'unknown' }
