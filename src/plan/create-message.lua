-- create-message: writes a message once.
-- notBefore: ms, 0 for now; fields: field, value of the record.
-- Answers: {'created'} | {'exists'}
-- Invariant: planning an event again (a worker died half-way) finds the messages of the first time.
--- include: ../store/clock.lua
--- include: ../store/recipient-messages.lua
--- include: ../store/counts.lua
if redis.call('EXISTS', keys.message) == 1 then
  return { 'exists' }
end
local now = int(nowMs())
local history = string.format('{"at":%s,"to":"queued","by":"planner"}', now)
redis.call('HSET', keys.message, 'createdAt', now, 'updatedAt', now, 'history', history, unpack(args.fields))
redis.call('ZADD', keys.messagesOpen, int(math.max(tonumber(now), tonumber(args.notBefore))), args.id)
count(keys.messageCounts, 'queued', 1)
countChange(keys.messageCounts)
keepForRecipient(keys.messagesTo, args.id)
return { 'created' }
