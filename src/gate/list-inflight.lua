-- list-inflight: the attempts under way by the store's own clock, which is the one their deadlines were set by.
-- KEYS: 1 inflight
-- Answers: the members ('channel category id owner') whose deadline has not passed
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
return redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')
