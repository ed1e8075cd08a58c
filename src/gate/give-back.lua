-- give-back: returns an unused permit. No byte of the message left, so nothing is counted.
-- counters: windows and caps by their place.
-- back: JSON {id, owner, channel, category, reason, retentionMs, windows: [{key}], caps: [{key, amount}]}
-- Returns: {'done'} | {'late', state}
-- Invariant: a permit and its give-back leave every counter as it was.
--- include: ../store/move-message.lua
--- include: return-counts.lua

local back = cjson.decode(args.back)
local now = nowMs()
local record = redis.call('HMGET', keys.message, 'state', 'owner', 'lastBefore', 'attempts', 'claimedAt', 'lateSent')
redis.call('ZREM', keys.inflight, back.channel .. ' ' .. back.category .. ' ' .. back.id .. ' ' .. back.owner)
if record[1] ~= 'claimed' or record[2] ~= back.owner then
  return { 'late', record[1] or 'gone' }
end
returnWindows(back.windows, back.owner)
returnCaps(back.caps)
returnRecipient(keys.recipient, back.category, record[5], record[3])
local attempts = math.max(0, tonumber(record[4] or '0') - 1)
if attempts == 0 then
  -- The horizon of the retries begins with an attempt that counts.
  redis.call('HDEL', keys.message, 'firstAttemptAt')
end
local to = record[6] and 'sent' or 'queued'
local line = { reason = record[6] and 'late-sent' or back.reason }
move(now, to, line, { attempts = int(attempts), owner = '' }, now, back.retentionMs)
return { 'done' }
