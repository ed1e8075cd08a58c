-- hold-message: keeps a message that may not leave now, with its draft.
-- draft: JSON; by: '' for nobody.
-- Returns: {'done', 'held'} | {'refused', state}
--- include: ../store/move-message.lua

local moved = move(nowMs(), 'held', { reason = args.reason, by = args.by ~= '' and args.by or nil }, { draft = args.draft }, nil, 0)
if moved then
  return { 'done', moved }
end
return { 'refused', redis.call('HGET', keys.message, 'state') or 'gone' }
