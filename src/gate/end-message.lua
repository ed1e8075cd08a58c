-- end-message: ends a message that has not left (or, for an unknown one, notes what a person found out).
-- KEYS: 1-7 as in move-message
-- ARGV: 1 state to end in, 2 states it may be in now (space separated), 3 reason, 4 by, 5 retention (ms),
--       6… field, value to keep with it
-- Answers: {'done', state come to} | {'refused', state}
-- Invariants: an attempt under way is ended by its owner or by its deadline, never from here. No message expires
-- before its not_after by the store's clock, whatever the clock of the caller says.
--- include: ../store/move-message.lua

local now = nowMs()
local record = redis.call('HMGET', KEYS[1], 'state', 'notAfter')
local state = record[1]
if not state or state == 'claimed' or not string.find(' ' .. ARGV[2] .. ' ', ' ' .. state .. ' ', 1, true) then
  return { 'refused', state or 'gone' }
end
if ARGV[1] == 'expired' and now < (tonumber(record[2] or '') or 0) then
  return { 'refused', state }
end
local fields = {}
for i = 6, #ARGV, 2 do
  fields[ARGV[i]] = ARGV[i + 1]
end
local line = { reason = ARGV[3], by = ARGV[4] ~= '' and ARGV[4] or nil }
local ended = move(now, ARGV[1], line, fields, nil, tonumber(ARGV[5]))
if ended then
  return { 'done', ended }
end
return { 'refused', state }
