-- recipient-messages: every message to somebody, for as long as its record is kept. Included by scripts.
-- A zset by when the record goes (ms); KEPT_FOREVER for one that is kept until it ends. The list goes with its last.
local KEPT_FOREVER = 1e15

-- For a record that does not expire.
local function keepForRecipient(key, id)
  redis.call('ZADD', key, string.format('%.0f', KEPT_FOREVER), id)
  redis.call('PERSIST', key)
end

-- For a record that goes at `goesAt`. What has gone is taken out.
local function listUntil(key, id, goesAt, now)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now))
  redis.call('ZADD', key, string.format('%.0f', goesAt), id)
  local last = redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')
  if tonumber(last[2]) < KEPT_FOREVER then
    redis.call('PEXPIREAT', key, last[2])
  end
end
