-- limits: what the whole fleet shares, which lies on the central shard: a provider that is left alone, windows, caps. Included.
-- The asks name their window or cap by the place of its key among keys.counters, which has those that the ask lists.

-- ms for which the provider is to be left alone; 0 for none.
local function providerWait(now)
  return math.max(0, tonumber(redis.call('HGET', keys.provider, 'blockedUntil') or '0') - now)
end

local function windowWait(ask, now)
  local longest, why = 0, ''
  for _, window in ipairs(ask.windows) do
    local from = now - window.spanMs
    local used = redis.call('ZCOUNT', keys.counters[window.key], '(' .. int(from), '+inf')
    if used >= window.limit then
      -- The entry whose leaving makes room: with a lowered limit that is not the oldest.
      local nth = redis.call('ZRANGEBYSCORE', keys.counters[window.key], '(' .. int(from), '+inf', 'WITHSCORES', 'LIMIT', used - window.limit, 1)
      local wait = nth[2] and tonumber(nth[2]) + window.spanMs - now or window.spanMs
      if wait > longest then
        longest, why = wait, window.name
      end
    end
  end
  return longest, why
end

local function capReached(ask)
  for _, cap in ipairs(ask.caps) do
    if tonumber(redis.call('GET', keys.counters[cap.key]) or '0') + cap.amount > cap.limit + 1e-9 then
      return cap.name
    end
  end
end

-- Which of them is in the way, as the permit answers it; nil when none is. run: the one that the gate is in.
local function limitInTheWay(ask, run, now)
  local blocked = providerWait(now)
  if blocked > 0 then
    return { 'wait-later', int(blocked), 'provider-back-off' }
  end
  local wait, name = windowWait(ask, now)
  if wait > 0 then
    return { string.sub(name, 1, 7) == 'domain:' and 'wait-later' or 'wait-here', int(wait), name }
  end
  -- A new run or day began between naming the caps and asking: name them anew.
  if (ask.run and ask.run ~= run) or (ask.day and ask.day ~= int(math.floor(now / 86400000))) then
    return { 'wait-later', '1', 'new-run-or-day', int(now) }
  end
  if capReached(ask) then
    return { 'held', 'cap' }
  end
end

-- Counts one message against every window and cap of the ask.
local function countAgainstLimits(ask, now)
  for _, window in ipairs(ask.windows) do
    local key = keys.counters[window.key]
    if not group[key] then
      group[key] = true
      redis.call('ZREMRANGEBYSCORE', key, '-inf', int(now - window.spanMs))
      atEnd(function()
        redis.call('PEXPIRE', key, int(window.spanMs))
      end)
    end
    redis.call('ZADD', key, int(now), ask.owner)
  end
  for _, cap in ipairs(ask.caps) do
    redis.call('INCRBYFLOAT', keys.counters[cap.key], tostring(cap.amount))
    redis.call('PEXPIRE', keys.counters[cap.key], int(cap.expireMs))
  end
end
