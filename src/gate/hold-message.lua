-- hold-message: keeps a message that may not leave now, with its draft.
-- KEYS: 1-7 as in move-message
-- ARGV: 1 reason, 2 draft (JSON), 3 by
-- Answers: {'done', 'held'} | {'refused', state}
--- include: ../store/move-message.lua

local moved = move(nowMs(), 'held', { reason = ARGV[1], by = ARGV[3] ~= '' and ARGV[3] or nil }, { draft = ARGV[2] }, nil, 0)
if moved then
  return { 'done', moved }
end
return { 'refused', redis.call('HGET', KEYS[1], 'state') or 'gone' }
