-- permit: may this message leave now? Decides and claims in one step.
-- counters: the windows and caps, which the ask names by their place among them.
-- ask: JSON {id, owner, channel, category, provider, rehearse, claimMs, retentionMs, quietUntil, intervalMs,
--       recipientDailyCap, windows: [{key, name, limit, spanMs}], caps: [{key, name, limit, amount, expireMs}],
--       run and day that the caps were named for (each only when such a cap is asked),
--       limitsAsked, limitInTheWay: with more than one shard, that take-limits was asked, and what it said if not `taken`,
--       known: {lineage, epoch, changes}, how far the caller knows the store to have come}
-- Returns, a word first:
--   {'go', lineage, epoch, changes, attempt, claim deadline, resends, ms since the first attempt,
--    ms left to its not_after if it has one}
--                                               claimed for the owner; the only answer that lets a byte leave
--   {'rehearse', verdict}                       a rehearsal; the verdict says what a real send would have met
--   {'held', reason}                            nothing changed: hold it, with its draft
--   {'wait-here', ms, why}                      a limit of the fleet: ask again, the next message would wait too
--   {'wait-later', ms, why}                     a limit of this recipient or provider: let others pass
--   {'suppressed', reason} {'expired'}          the message was moved to that end
--   {'claimed-elsewhere', ms}                   another worker has it; ms until its claim lapses (<= 0: lapsed)
--   {'ended', state}                            there is nothing to do (any more)
-- Invariants: everything is read before anything is written; `go` only when the gate says exactly `on`; so no
-- permit follows an acknowledged stop, and no window, cap or interval is exceeded over the whole fleet. A store that is
-- behind what anybody knows of it gives none, and nothing that an earlier era of it left open leaves unasked.
--- include: ../store/move-message.lua
--- include: limits.lua

local ask = cjson.decode(args.ask)
local now = nowMs()
local DAY = 86400000

local record = redis.call('HMGET', keys.message, 'state', 'notAfter', 'deadline', 'sendAt', 'retryAt', 'attempts',
  'resends', 'firstAttemptAt', 'era', 'v')
local state = record[1]
local notAfter = tonumber(record[2] or '')
-- No flag changes while a group runs.
local readFor = 'gate ' .. ask.channel .. ' ' .. ask.category
group[readFor] = group[readFor] or redis.call('HMGET', keys.gate, 'epoch', 'run',
  'send', 'send:' .. ask.channel, 'send:' .. ask.category, 'consume', 'consume:' .. ask.channel,
  'until:send', 'until:send:' .. ask.channel, 'until:send:' .. ask.category, 'until:consume', 'until:consume:' .. ask.channel,
  'lineage', 'wentBack')
local gate = group[readFor]
local suppression = redis.call('HGET', keys.suppression, 'reason')
local recipient = redis.call('HMGET', keys.recipient, 'last:' .. ask.category, 'day', 'dayCount', 'notBefore')
local today = int(math.floor(now / DAY))

-- The flag at `at` among what was read: on only when it says exactly so and its expiry can be read.
local function isOn(at)
  local expires = gate[at + 5]
  return gate[at] == 'on' and (not expires or now < (tonumber(expires) or 0))
end

local function isStopped()
  return not (isOn(3) and isOn(4) and isOn(5) and string.match(gate[1] or '', '^%d+$'))
end

local function recipientWait()
  local last = tonumber(recipient[1] or '')
  if ask.intervalMs > 0 and last and now - last < ask.intervalMs then
    return last + ask.intervalMs - now, 'interval'
  end
  local notBefore = tonumber(recipient[4] or '0')
  if notBefore > now then
    return notBefore - now, 'recipient-back-off'
  end
  if ask.recipientDailyCap and recipient[2] == today and tonumber(recipient[3] or '0') >= ask.recipientDailyCap then
    return (math.floor(now / DAY) + 1) * DAY - now, 'daily-cap'
  end
  if ask.quietUntil > now then
    return ask.quietUntil - now, 'quiet-hours'
  end
end

local function toLater(ms, why)
  if notAfter and now + ms >= notAfter then
    ms = notAfter - now
  end
  return { 'wait-later', int(ms), why }
end

-- What stands between this message and its recipient, apart from a stop; nil when nothing does.
local function obstacle()
  local due = math.max(tonumber(record[4] or '0'), tonumber(record[5] or '0'))
  if due > now then
    return toLater(due - now, 'not-due')
  end
  if not (isOn(6) and isOn(7)) then
    return { 'wait-later', '1000', 'consumers-paused' }
  end
  local ms, why = recipientWait()
  if ms then
    if ms > DAY and not (notAfter and now + ms >= notAfter) then
      return { 'held', why }
    end
    return toLater(ms, why)
  end
  local limit = ask.limitInTheWay
  if not ask.limitsAsked then
    limit = limitInTheWay(ask, gate[2], now)
  end
  if limit and limit[3] == 'provider-back-off' then
    return toLater(tonumber(limit[2]), limit[3])
  end
  return limit
end

if not state then
  return { 'ended', 'gone' }
end
if state == 'claimed' then
  return { 'claimed-elsewhere', int((tonumber(record[3] or '0')) - now) }
end
if (state ~= 'queued' and state ~= 'retrying') or tonumber(record[10] or '1') > RECORD_VERSION then
  return { 'ended', state }
end
if tonumber(record[9] or '1') < currentEra(keys.gate) then
  return { 'held', 'restored' }
end
if ask.known then
  if gate[14] or group.wentBack then
    return { 'held', 'store-went-back' }
  end
  if (gate[13] or '') ~= ask.known.lineage then
    -- Adopted, or another store: whoever asked must look first.
    return { 'wait-later', '500', 'store-unconfirmed' }
  end
  local epoch, changes = tonumber(gate[1] or '') or 0, readChanges(keys.messageCounts)
  if epoch < ask.known.epoch or changes < ask.known.changes then
    redis.call('HSET', keys.gate, 'wentBack', string.format('a sender has seen epoch %.0f and %.0f changes, the store is at %.0f and %.0f',
      ask.known.epoch, ask.known.changes, epoch, changes))
    group.wentBack, group.era = true, nil
    return { 'held', 'restored' }
  end
end
if notAfter and now >= notAfter then
  local ended = move(now, 'expired', { reason = 'not-after' }, nil, nil, ask.retentionMs)
  return ended == 'expired' and { ended } or { 'ended', ended }
end
if isStopped() then
  return { 'held', 'stopped' }
end
if suppression then
  local ended = move(now, 'suppressed', { reason = suppression }, nil, nil, ask.retentionMs)
  return ended == 'suppressed' and { ended, suppression } or { 'ended', ended }
end
local against = obstacle()
if ask.rehearse then
  if against and against[3] == 'not-due' then
    return against
  end
  return { 'rehearse', against and (against[1] .. ' ' .. (against[3] or against[2])) or 'go' }
end
if against then
  return against
end

local attempt = tonumber(record[6] or '0') + 1
local deadline = now + ask.claimMs
local fields = {
  owner = ask.owner, epoch = gate[1], deadline = int(deadline), claimedAt = int(now), attempts = int(attempt),
  lastBefore = recipient[1] or '', provider = ask.provider,
}
local firstAttemptAt = attempt > 1 and record[8] or int(now)
fields.firstAttemptAt = firstAttemptAt
move(now, 'claimed', { by = ask.provider }, fields, deadline, ask.retentionMs)
redis.call('ZADD', keys.inflight, int(deadline), ask.channel .. ' ' .. ask.category .. ' ' .. ask.id .. ' ' .. ask.owner)
if not ask.limitsAsked then
  countAgainstLimits(ask, now)
end
local dayCount = recipient[2] == today and tonumber(recipient[3] or '0') or 0
redis.call('HSET', keys.recipient, 'day', today, 'dayCount', int(dayCount + 1), 'last:' .. ask.category, int(now))
lengthenExpiry(keys.recipient, math.max(2 * DAY, ask.intervalMs))
return { 'go', gate[13] or '', gate[1], int(readChanges(keys.messageCounts)), int(attempt), int(deadline),
  record[7] or '0', int(now - tonumber(firstAttemptAt)), notAfter and int(notAfter - now) or nil }
