-- release-message: puts a held, dead or unknown message back in the queue because a person asked for it.
-- Every check is made again when its turn comes. A replay of a dead one starts its attempts anew.
-- from: the state it must be in; dueAt: ms; createdSince: newest createdAt that may still leave (ms, '' for any).
-- Returns: {'done', generation} | {'refused', state} | {'too-old'} | {'sent-before'}
-- Invariant: what a provider is known to have taken is never queued again. What an earlier era of the store left may
-- have been sent; who releases it knows, and it belongs to the present era from then on.
--- include: ../store/move-message.lua

local now = nowMs()
local record = redis.call('HMGET', keys.message, 'state', 'generation', 'createdAt', 'lateSent')
if record[1] ~= args.from then
  return { 'refused', record[1] or 'gone' }
end
if record[4] then
  return { 'sent-before' }
end
if args.createdSince ~= '' and tonumber(record[3]) < tonumber(args.createdSince) then
  return { 'too-old' }
end
local generation = int(tonumber(record[2] or '1') + 1)
local fields = { generation = generation, retryAt = '0', waitsFor = '' }
if args.from == 'dead' then
  fields.attempts = '0'
  redis.call('HDEL', keys.message, 'firstAttemptAt')
end
if args.from == 'unknown' then
  fields.resends = '1'
end
fields.era = int(currentEra(keys.gate))
if tonumber(args.dueAt) > now then
  fields.sendAt = args.dueAt
end
if move(now, 'queued', { reason = args.reason, by = args.by }, fields, math.max(now, tonumber(args.dueAt)), 0) then
  return { 'done', generation }
end
return { 'refused', record[1] }
