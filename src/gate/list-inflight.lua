-- list-inflight: the attempts under way by the store's own clock, which is the one their deadlines were set by.
-- KEYS: 1 inflight
-- Answers: the members ('channel category id owner') whose deadline has not passed
--- include: ../store/clock.lua
return redis.call('ZRANGEBYSCORE', KEYS[1], int(nowMs()), '+inf')
