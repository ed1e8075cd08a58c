-- end-message: ends a message that has not left (or, for an unknown one, notes what a person found out).
-- from: states it may be in now (space separated); by: '' for nobody; fields: field, value to keep with it.
-- Returns: {'done', state come to} | {'refused', state}
-- Invariants: an attempt under way is ended by its owner or by its deadline, never from here. No message expires
-- before its not_after by the store's clock, whatever the clock of the caller says.
--- include: ../store/move-message.lua

local now = nowMs()
local record = redis.call('HMGET', keys.message, 'state', 'notAfter')
local state = record[1]
if not state or state == 'claimed' or not string.find(' ' .. args.from .. ' ', ' ' .. state .. ' ', 1, true) then
  return { 'refused', state or 'gone' }
end
if args.to == 'expired' and now < (tonumber(record[2] or '') or 0) then
  return { 'refused', state }
end
local fields = {}
for i = 1, #args.fields, 2 do
  fields[args.fields[i]] = args.fields[i + 1]
end
local line = { reason = args.reason, by = args.by ~= '' and args.by or nil }
local ended = move(now, args.to, line, fields, nil, tonumber(args.retentionMs))
if ended then
  return { 'done', ended }
end
return { 'refused', state }
