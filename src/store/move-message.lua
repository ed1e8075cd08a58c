-- move-message: the only way a message changes state. Included by every script that moves one.
--
-- message         the record (hash)
-- messagesOpen    zset of what the service still works on, scored by when to look again (ms)
-- messagesHeld…   of the other states, zsets scored by when a message came to be in one
-- messageCounts   hash: how many messages are (open states) or have ended (end states) in each state, and `changes`
-- messagesTo      what the hash of the address is put behind: every message to one recipient
-- gate            hash, for the lineage of the store
--
-- Invariant: a record is in exactly the index of its state; every move is one that MOVES allows, and leaves a
-- line in the record's history; a record expires only after it has ended; a record that a newer program wrote is
-- never moved; what an earlier era of the store left counts as perhaps sent from its first move on.
--- states
--- version
--- include: clock.lua
--- include: lineage.lua
--- include: counts.lua
--- include: recipient-messages.lua

local HISTORY_BYTES_MAX = 16384

-- Lengthens the life of a key, never shortens it: one hash serves intervals of minutes and of weeks.
local function lengthenExpiry(key, ms)
  if redis.call('PTTL', key) < ms then
    redis.call('PEXPIRE', key, int(ms))
  end
end

-- The history with one more line. It is bounded: the first line (who planned it) and the newest ones are kept.
local function addLine(history, line)
  local text = cjson.encode(line)
  while #history + #text >= HISTORY_BYTES_MAX do
    local first = string.find(history, '\n', 1, true)
    local second = first and string.find(history, '\n', first + 1, true)
    if not second then
      break
    end
    history = string.sub(history, 1, first) .. string.sub(history, second + 1)
  end
  return (history == '' and '' or history .. '\n') .. text
end

-- Moves the record to `to`; to unknown instead where the message may have left and would end as if it had not.
-- `line` is the history line (reason, by, attempt…); `fields` are set along with it. `dueAt` scores the open index.
-- Returns the state that it is in now, or false when the state machine forbids the move.
local function move(now, to, line, fields, dueAt, retentionMs)
  local was = redis.call('HMGET', keys.message, 'id', 'reason', 'state', 'resends', 'v', 'era', 'toHash', 'history')
  local from = was[3]
  local isRestored = tonumber(was[6] or '1') < currentEra(keys.gate)
  if UNTOUCHED[to] and (isRestored or tonumber(was[4] or '0') > 0) then
    line.reason = 'not-resent-' .. to
    to = 'unknown'
  end
  if not from or not MOVES[from] or not MOVES[from][to] or tonumber(was[5] or '1') > RECORD_VERSION then
    return false
  end
  countChange(keys.messageCounts)
  local set = { 'state', to, 'reason', line.reason or '', 'updatedAt', int(now) }
  if isRestored and to ~= 'sent' then
    set[#set + 1] = 'resends'
    set[#set + 1] = math.max(1, tonumber(was[4] or '0'))
  end
  for name, value in pairs(fields or {}) do
    set[#set + 1] = name
    set[#set + 1] = value
  end
  line.at = now
  line.from = from
  line.to = to
  set[#set + 1] = 'history'
  set[#set + 1] = addLine(was[8] or '', line)
  redis.call('HSET', keys.message, unpack(set))
  if INDEX[from] ~= INDEX[to] then
    redis.call('ZREM', INDEX[from], was[1])
  end
  redis.call('ZADD', INDEX[to], int(INDEX[to] == keys.messagesOpen and dueAt or now), was[1])
  count(keys.messageCounts, from, -1)
  count(keys.messageCounts, to, 1)
  if from == 'held' then
    count(keys.messageCounts, 'held:' .. was[2], -1)
  end
  if to == 'held' then
    count(keys.messageCounts, 'held:' .. (line.reason or ''), 1)
  end
  if not KEPT[to] then
    redis.call('PEXPIRE', keys.message, retentionMs)
  elseif not KEPT[from] then
    redis.call('PERSIST', keys.message)
  end
  local toRecipient = keys.messagesTo .. (was[7] or '')
  if not KEPT[to] then
    listUntil(toRecipient, was[1], now + tonumber(retentionMs), now)
  elseif not KEPT[from] then
    keepForRecipient(toRecipient, was[1])
  end
  return to
end
