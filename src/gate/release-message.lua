-- release-message: puts a held, dead or unknown message back in the queue because a person asked for it.
-- Every check is made again when its turn comes. A replay of a dead one starts its attempts anew.
-- KEYS: 1-7 as in move-message
-- ARGV: 1 the state it must be in, 2 reason, 3 by, 4 due at (ms), 5 newest createdAt that may still leave (ms, '' for any)
-- Answers: {'done', generation} | {'refused', state} | {'too-old'} | {'sent-before'}
-- Invariant: what a provider is known to have taken is never queued again. What an earlier era of the store left may
-- have been sent; who releases it knows, and it belongs to the present era from then on.
--- include: ../store/move-message.lua

local now = nowMs()
local record = redis.call('HMGET', KEYS[1], 'state', 'generation', 'createdAt', 'lateSent')
if record[1] ~= ARGV[1] then
  return { 'refused', record[1] or 'gone' }
end
if record[4] then
  return { 'sent-before' }
end
if ARGV[5] ~= '' and tonumber(record[3]) < tonumber(ARGV[5]) then
  return { 'too-old' }
end
local generation = int(tonumber(record[2] or '1') + 1)
local fields = { generation = generation, retryAt = '0', waitsFor = '' }
if ARGV[1] == 'dead' then
  fields.attempts = '0'
  redis.call('HDEL', KEYS[1], 'firstAttemptAt')
end
if ARGV[1] == 'unknown' then
  fields.resends = '1'
end
fields.era = int(currentEra(KEYS[7]))
if tonumber(ARGV[4]) > now then
  fields.sendAt = ARGV[4]
end
if move(now, 'queued', { reason = ARGV[2], by = ARGV[3] }, fields, math.max(now, tonumber(ARGV[4])), 0) then
  return { 'done', generation }
end
return { 'refused', record[1] }
