-- create-message: writes a message once.
-- KEYS: 1 message, 2 open messages (zset), 3 counts, 4 messages to the same recipient (zset)
-- ARGV: 1 id, 2 not before (ms; 0: now), 3… field, value
-- Answers: {'created'} | {'exists'}
-- Invariant: planning an event again (a worker died half-way) finds the messages of the first time.
--- include: ../store/clock.lua
--- include: ../store/lineage.lua
--- include: ../store/recipient-messages.lua
if redis.call('EXISTS', KEYS[1]) == 1 then
  return { 'exists' }
end
local now = int(nowMs())
local history = string.format('{"at":%s,"to":"queued","by":"planner"}', now)
local fields = { 'createdAt', now, 'updatedAt', now, 'history', history }
for i = 3, #ARGV do
  fields[#fields + 1] = ARGV[i]
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('ZADD', KEYS[2], int(math.max(tonumber(now), tonumber(ARGV[2]))), ARGV[1])
redis.call('HINCRBY', KEYS[3], 'queued', 1)
countChange(KEYS[3])
listForRecipient(KEYS[4], ARGV[1], KEPT_FOREVER, 0)
return { 'created' }
