-- commit-attempt: writes down how an attempt ended. Compare-and-set on the owner of the claim.
-- counters: windows and caps by their place.
-- commit: JSON {id, owner, channel, category, to, reason, line, fields, retryAt, retentionMs, blockProviderMs,
--       backOffRecipientMs, suppress: {reason, source, masked, member}, windows: [{key}],
--       caps: [{key, amount}], undoRecipient}
-- Returns: {'done', state} | {'done', state, 'again'}: it was committed before | {'late', state now}: the claim had lapsed; what is known is noted all the same
-- Invariants: only the owner of the live claim ends the attempt. A commit repeated because its answer was lost
-- changes nothing. What a provider is known to have taken ends as sent and is never queued again, however late the
-- news: at once where nobody holds a claim, else when that claim ends.
-- Windows are given back only where no provider saw the attempt: what one saw counts, whatever came of it.
--- include: ../store/move-message.lua
--- include: block-provider.lua
--- include: return-counts.lua

local commit = cjson.decode(args.commit)
local now = nowMs()
local record = redis.call('HMGET', keys.message, 'state', 'owner', 'committed', 'lastBefore', 'claimedAt', 'lateSent')
local state = record[1]
redis.call('ZREM', keys.inflight, commit.channel .. ' ' .. commit.category .. ' ' .. commit.id .. ' ' .. commit.owner)
if state and record[3] == commit.owner then
  return { 'done', state, 'again' }
end

blockProvider(commit.blockProviderMs, now)
if commit.suppress then
  redis.call('HSET', keys.suppression, 'reason', commit.suppress.reason, 'source', commit.suppress.source, 'at', int(now),
    'by', 'provider', 'masked', commit.suppress.masked)
  redis.call('ZADD', keys.suppressions, int(now), commit.suppress.member)
end

local line = commit.line
local fields = commit.fields or {}
if not state then
  return { 'late', 'gone' }
end
if state ~= 'claimed' or record[2] ~= commit.owner then
  line.reason = 'late-' .. commit.to
  if commit.to == 'sent' then
    redis.call('HSET', keys.message, 'lateSent', int(now))
    if state ~= 'claimed' and move(now, 'sent', line, fields, nil, commit.retentionMs) then
      return { 'late', 'sent' }
    end
  end
  line.at = now
  redis.call('HSET', keys.message, 'history', addLine(redis.call('HGET', keys.message, 'history') or '', line))
  return { 'late', state }
end

returnWindows(commit.windows, commit.owner)
returnCaps(commit.caps)
if commit.undoRecipient then
  returnRecipient(keys.recipient, commit.category, record[5], record[4])
end
if commit.backOffRecipientMs then
  local failures = redis.call('HINCRBY', keys.recipient, 'failures', 1)
  local pause = math.min(commit.backOffRecipientMs * 2 ^ (failures - 1), 86400000)
  redis.call('HSET', keys.recipient, 'notBefore', int(now + pause))
  lengthenExpiry(keys.recipient, 172800000)
elseif commit.to == 'sent' then
  redis.call('HDEL', keys.recipient, 'failures', 'notBefore')
end

local to = record[6] and 'sent' or commit.to
fields.committed = commit.owner
if commit.retryAt then
  fields.retryAt = int(now + commit.retryAt)
end
line.reason = to == commit.to and commit.reason or 'late-sent'
move(now, to, line, fields, commit.retryAt and now + commit.retryAt or now, commit.retentionMs)
return { 'done', to }
