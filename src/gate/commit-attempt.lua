-- commit-attempt: writes down how an attempt ended. Compare-and-set on the owner of the claim.
-- KEYS: 1-7 as in move-message, 8 inflight, 9 provider, 10 recipient, 11 suppression, 12 suppressions (zset),
--       13… windows and caps by their index
-- ARGV: 1 JSON {id, owner, channel, category, to, reason, line, fields, retryAt, retentionMs, blockProviderMs,
--       backOffRecipientMs, suppress: {reason, source, masked, member}, windows: [{key}],
--       caps: [{key, amount}], undoRecipient}
-- Answers: {'done', state} | {'late', state now}: the claim had lapsed; what is known is noted all the same
-- Invariants: only the owner of the live claim ends the attempt. A commit repeated because its answer was lost
-- changes nothing. What a provider is known to have taken ends as sent and is never queued again, however late the
-- news: at once where nobody holds a claim, else when that claim ends.
-- Windows are given back only where no provider saw the attempt: what one saw counts, whatever came of it.
--- include: ../store/move-message.lua
--- include: return-counts.lua

local commit = cjson.decode(ARGV[1])
local now = nowMs()
local record = redis.call('HMGET', KEYS[1], 'state', 'owner', 'committed', 'lastBefore', 'claimedAt', 'lateSent')
local state = record[1]
redis.call('ZREM', KEYS[8], commit.channel .. ' ' .. commit.category .. ' ' .. commit.id .. ' ' .. commit.owner)
if state and record[3] == commit.owner then
  return { 'done', state }
end

if commit.blockProviderMs then
  local blocked = tonumber(redis.call('HGET', KEYS[9], 'blockedUntil') or '0')
  if now + commit.blockProviderMs > blocked then
    redis.call('HSET', KEYS[9], 'blockedUntil', int(now + commit.blockProviderMs))
    redis.call('PEXPIRE', KEYS[9], int(math.max(1, commit.blockProviderMs)))
  end
end
if commit.suppress then
  redis.call('HSET', KEYS[11], 'reason', commit.suppress.reason, 'source', commit.suppress.source, 'at', int(now),
    'by', 'provider', 'masked', commit.suppress.masked)
  redis.call('ZADD', KEYS[12], int(now), commit.suppress.member)
end

local line = commit.line
local fields = commit.fields or {}
if not state then
  return { 'late', 'gone' }
end
if state ~= 'claimed' or record[2] ~= commit.owner then
  line.reason = 'late-' .. commit.to
  if commit.to == 'sent' then
    redis.call('HSET', KEYS[1], 'lateSent', int(now))
    if state ~= 'claimed' and move(now, 'sent', line, fields, nil, commit.retentionMs) then
      return { 'late', 'sent' }
    end
  end
  line.at = now
  appendHistory(line)
  return { 'late', state }
end

returnWindows(commit.windows, commit.owner)
returnCaps(commit.caps)
if commit.undoRecipient then
  returnRecipient(KEYS[10], commit.category, record[5], record[4])
end
if commit.backOffRecipientMs then
  local failures = redis.call('HINCRBY', KEYS[10], 'failures', 1)
  local pause = math.min(commit.backOffRecipientMs * 2 ^ (failures - 1), 86400000)
  redis.call('HSET', KEYS[10], 'notBefore', int(now + pause))
  lengthenExpiry(KEYS[10], 172800000)
elseif commit.to == 'sent' then
  redis.call('HDEL', KEYS[10], 'failures', 'notBefore')
end

local to = record[6] and 'sent' or commit.to
fields.committed = commit.owner
if commit.retryAt then
  fields.retryAt = int(now + commit.retryAt)
end
line.reason = to == commit.to and commit.reason or 'late-sent'
move(now, to, line, fields, commit.retryAt and now + commit.retryAt or now, commit.retentionMs)
return { 'done', to }
