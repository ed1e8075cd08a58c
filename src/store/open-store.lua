-- open-store: initialises an empty store, or checks that it is the one we expect.
-- KEYS: 1 store marker, 2 gate
-- ARGV: 1 shards, 2 now (ms)
-- Answers: {'created'} | {'opened'} | {'other-shards', theirs}
-- Invariant: the gate is written only together with the marker. A store that has a marker and no gate has lost
-- data, and a lost gate means stopped.
local shards = redis.call('HGET', KEYS[1], 'shards')
if shards then
  if shards ~= ARGV[1] then
    return { 'other-shards', shards }
  end
  return { 'opened' }
end
redis.call('HSET', KEYS[1], 'shards', ARGV[1], 'createdAt', ARGV[2])
redis.call('HSET', KEYS[2], 'epoch', '1', 'run', '1',
  'send', 'on', 'send:email', 'on', 'send:sms', 'on', 'send:transactional', 'on', 'send:promotional', 'on',
  'ingest', 'on', 'consume', 'on', 'consume:events', 'on', 'consume:email', 'on', 'consume:sms', 'on')
return { 'created' }
