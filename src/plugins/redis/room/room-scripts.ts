import { script } from '../connection/commands.js';

/**
 * The state of a room is a hash: `e` epoch, `r` revision, `q` number of the newest entry of both streams, `n` who wrote it, `f:<name>` a
 * field, `m:<name>:<key>` an entry of a map, `p:<process>` the fence of a process that has the room open, `x:<process>` the fence
 * that was buried, `o:<process>` its last batch, `w` the process whose turn it is, and until when, `b` the number of the last entry before
 * the epoch, `k` the first epoch of the room: another one belongs to another room that had the same id. The value of a seat begins with its
 * process.
 */
const COMMON = `
local S, L, M, E = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local function isFenced(process, fence)
  local x = redis.call('HGET', S, 'x:' .. process)
  if x and tonumber(x) >= tonumber(fence) then return true end
  local p = redis.call('HGET', S, 'p:' .. process)
  return p and tonumber(p) > tonumber(fence)
end
local function keep(ttl)
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ttl) end
end
local function add(key, max, q, line)
  redis.call('XADD', key, 'MAXLEN', '~', max, q .. '-1', 'l', line)
end
local function publish(channel, first, lines)
  local header = redis.call('HGET', S, 'e') .. ' ' .. first .. ' ' .. redis.call('HGET', S, 'n')
  redis.call('PUBLISH', channel, header .. '\\n' .. table.concat(lines, '\\n'))
end
-- What came after the entry that the caller has seen; nil where some of it was trimmed.
local function tail(seen, q)
  local lines, count = {}, 0
  if q - seen > 4096 then return nil end
  if q > seen then
    for i = 2, 3 do
      for _, entry in ipairs(redis.call('XRANGE', KEYS[i], string.format('%d', seen + 1), q .. '-1')) do
        lines[string.match(entry[1], '^%d+') - seen] = entry[2][2]
        count = count + 1
      end
    end
  end
  if count == q - seen then return lines end
end
-- The messages after the entry that the caller has seen, as far as they are there: the caller knows the rest from the whole state.
local function newest(seen)
  local lines = {}
  for _, entry in ipairs(redis.call('XRANGE', M, string.format('%d', seen + 1), '+')) do lines[#lines + 1] = entry[2][2] end
  return lines
end
-- Entries of maps that a script changes by itself: by the name of the map, each as JSON.
local function change(channel, process, nonce, maps)
  local members = {}
  for name, entries in pairs(maps) do
    if #entries > 0 then members[#members + 1] = '"' .. name .. '":[' .. table.concat(entries, ',') .. ']' end
  end
  if #members == 0 then return end
  local q, r = redis.call('HGET', S, 'q') + 1, redis.call('HGET', S, 'r') + 1
  redis.call('HSET', S, 'q', q, 'r', r, 'n', nonce)
  local line = r .. ' {"b":' .. cjson.encode(process) .. ',"c":{"m":{' .. table.concat(members, ',') .. '}}}'
  add(L, 1024, q, line)
  publish(channel, q, { line })
end
`;

/**
 * Opens a room for a process, and restores what Redis has lost of it: the process has seen a revision, or it has seats that
 * are missing. A loss begins a new epoch. A process that comes late to a room that has ended is told so. ARGV: process, fence, new
 * epoch, ttl, channel, revision seen or '', entry seen, nonce, first epoch seen, epoch seen, nonce of the entry seen, the number of fields,
 * each with its value; then id, value and JSON of each own seat.
 * @returns 'ok', the hash, and what has happened since, or, in another epoch than seen, since that began, or 0 and the messages of it;
 * 'ended' and why; 'fenced'
 */
export const OPEN = script(`${COMMON}
local process, fence, epoch, ttl, channel, seen, nonce = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[8]
if isFenced(process, fence) then return { 'fenced' } end
local reason = seen ~= '' and redis.call('HGET', E, ARGV[9])
if reason then return { 'ended', reason } end
local isNew = redis.call('EXISTS', S) == 0
local ended = redis.call('HEXISTS', S, 'f:end') == 1
local firstSeat = 13 + 2 * ARGV[12]
local kin = redis.call('HGET', S, 'k')
local isSame = not kin or kin == ARGV[9]
local isBehind = not isNew and seen ~= '' and isSame and tonumber(redis.call('HGET', S, 'r')) < tonumber(seen)
local isContinued = not isNew and seen ~= '' and redis.call('HGET', S, 'e') == ARGV[10] and not isBehind
local isCut = false
if isContinued then
  local q = tonumber(redis.call('HGET', S, 'q'))
  isContinued = q > tonumber(ARGV[7]) or (q == tonumber(ARGV[7]) and redis.call('HGET', S, 'n') == ARGV[11])
  -- Messages are missing, and changes are not.
  isCut = not isContinued
end
if isNew then redis.call('HSET', S, 'r', 0, 'q', 0, 'f:generation', 0, 'k', seen == '' and epoch or ARGV[9]) end
if isNew or isBehind then
  local all = redis.call('HKEYS', S)
  for _, field in ipairs(all) do
    if string.sub(field, 1, 2) == 'f:' or (string.sub(field, 1, 2) == 'm:' and string.sub(field, 1, 8) ~= 'm:seats:') then
      redis.call('HDEL', S, field)
    end
  end
  redis.call('HSET', S, 'f:generation', 0)
  for i = 13, firstSeat - 2, 2 do redis.call('HSET', S, ARGV[i], ARGV[i + 1]) end
  if seen ~= '' then redis.call('HSET', S, 'r', seen) end
end
if isNew or isBehind or isCut then
  local q = string.format('%d', math.max(redis.call('HGET', S, 'q'), seen ~= '' and ARGV[7] or 0))
  redis.call('HSET', S, 'e', epoch, 'n', nonce, 'q', q, 'b', q)
end
redis.call('HSET', S, 'p:' .. process, fence)
if seen ~= '' and not ended then
  local changes, own = {}, {}
  for i = firstSeat, #ARGV, 3 do
    local field = 'm:seats:' .. ARGV[i]
    own[field] = true
    -- Who was removed meanwhile gets no seat. A process that has seen more than Redis has knows its own seats better.
    local isRemoved = redis.call('HEXISTS', S, 'm:removals:' .. ARGV[i]) == 1
    local known = redis.call('HGET', S, field)
    local isOwn = known and string.sub(known, 1, #process + 1) == process .. ' '
    if not isRemoved and (not known or (isOwn and not isContinued and known ~= ARGV[i + 1])) then
      redis.call('HSET', S, field, ARGV[i + 1])
      changes[#changes + 1] = '[' .. cjson.encode(ARGV[i]) .. ',' .. ARGV[i + 2] .. ']'
    end
  end
  local all = redis.call('HGETALL', S)
  for i = 1, #all, 2 do
    local field = all[i]
    if string.sub(field, 1, 8) == 'm:seats:' and not own[field] and string.sub(all[i + 1], 1, #process + 1) == process .. ' ' then
      redis.call('HDEL', S, field)
      changes[#changes + 1] = '[' .. cjson.encode(string.sub(field, 9)) .. ']'
    end
  end
  change(channel, process, nonce, { seats = changes })
end
keep(ttl)
local since = isContinued and ARGV[7]
if seen ~= '' and isSame and redis.call('HGET', S, 'e') ~= ARGV[10] then
  -- Of the epoch before, it may have missed some, too.
  local before = redis.call('HGET', S, 'b')
  since = before and math.min(before, ARGV[7])
end
local missed = since and tail(tonumber(since), tonumber(redis.call('HGET', S, 'q')))
if missed then return { 'ok', redis.call('HGETALL', S), missed } end
return { 'ok', redis.call('HGETALL', S), 0, since and newest(tonumber(since)) or {} }
`);

/** What has happened since. ARGV: epoch, entry seen, its nonce, process, fence, ttl. */
export const READ = script(`${COMMON}
local epoch, seen, nonce, process, fence = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
if isFenced(process, fence) then return { 'fenced' } end
local e, q, n, p = unpack(redis.call('HMGET', S, 'e', 'q', 'n', 'p:' .. process))
q = tonumber(q or -1)
if e ~= epoch or p ~= fence or q < seen or (q == seen and n ~= nonce) then return { 'gone' } end
keep(ARGV[6])
local lines = tail(seen, q)
if not lines then return { 'snapshot', redis.call('HGETALL', S), newest(seen) } end
return { 'ok', n, lines }
`);

/**
 * Changes a room, and appends to it: a batch of operations, in order. ARGV: epoch, entry seen, process, fence, feed, number of the batch,
 * channel, ttl, revision, how often others were faster, then the operations: `c` a change (number of fields to set, each with its value,
 * number of fields to delete, the fields, text), `v` a verification of the revision, `a` an entry (session or '', text, whether nothing may have happened since).
 * Ends at the first operation that another process has forestalled (`x`), or before which another has its turn (`w`): a process to
 * which Redis is far would never be in time. A batch that arrives again is not carried out again.
 */
export const WRITE = script(`${COMMON}
local epoch, seen, process, fence, feed, number = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local channel, base = ARGV[7], tonumber(ARGV[9])
if isFenced(process, fence) then return { 'fenced' } end
local e, q, r, n, p, o = unpack(redis.call('HMGET', S, 'e', 'q', 'r', 'n', 'p:' .. process, 'o:' .. process))
q, r = tonumber(q or -1), tonumber(r or -1)
if e ~= epoch or p ~= fence or q < seen then return { 'gone' } end
local doneFeed, doneNumber = string.match(o or '', '^(%S+) (%d+)$')
local isDone = doneFeed == feed and tonumber(doneNumber) >= number
local before, results, lines = q, {}, {}
local i = isDone and #ARGV + 1 or 11
local w, now = redis.call('HGET', S, 'w'), 0
if w or ARGV[10] ~= '0' then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local turn, limit = string.match(w or '', '^(%S+) (%d+)$')
local waits = turn and turn ~= process and now < tonumber(limit)
local miss = waits and 'w' or 'x'
while i <= #ARGV do
  local kind, result = ARGV[i], miss
  if kind == 'a' then
    local session, text, isAlone = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3] == '1'
    i = i + 4
    if isAlone and before ~= seen then result = 'x'
    elseif redis.call('HEXISTS', S, 'f:end') == 1 then result = 'e'
    elseif session ~= '' and redis.call('HEXISTS', S, 'm:seats:' .. session) == 0 then result = 's'
    else
      q = q + 1
      lines[#lines + 1] = r .. ' ' .. text
      add(M, 512, q, lines[#lines])
      result = q .. ' ' .. r
    end
  elseif kind == 'v' then
    i = i + 1
    if r == base and not waits then result = 'v' end
  elseif r == base and not waits then
    local sets = i + 2
    local deletions = sets + 2 * ARGV[i + 1]
    local text = deletions + 1 + ARGV[deletions]
    for at = sets, deletions - 2, 2 do redis.call('HSET', S, ARGV[at], ARGV[at + 1]) end
    for at = deletions + 1, text - 1 do redis.call('HDEL', S, ARGV[at]) end
    q, r, base = q + 1, r + 1, base + 1
    lines[#lines + 1] = r .. ' ' .. ARGV[text]
    add(L, 1024, q, lines[#lines])
    result = q .. ' ' .. r
    i = text + 1
  end
  results[#results + 1] = result
  if result == 'x' or result == 'w' then break end
end
if not isDone then
  if results[#results] == 'x' and tonumber(ARGV[10]) > 1 then
    redis.call('HSET', S, 'w', string.format('%s %d', process, now + 250))
  elseif turn == process then redis.call('HDEL', S, 'w') end
  redis.call('HSET', S, 'o:' .. process, feed .. ' ' .. number)
  if #lines > 0 then
    n = feed .. '.' .. number
    redis.call('HSET', S, 'q', q, 'r', r, 'n', n)
    publish(channel, before + 1, lines)
  end
  keep(ARGV[8])
end
local status = isDone and 'done' or 'ok'
local missed = tail(seen, before)
if not missed then return { status, results, n, before, 0, redis.call('HGETALL', S), newest(seen) } end
return { status, results, n, before, missed }
`);

/**
 * A process no longer has a room open: it has closed it, or it is dead. What it has there is free. The room is gone with the last one;
 * why it had ended is kept for processes that may come late. ARGV: process, fence, whether it is dead, channel, nonce, ttl, id of the process.
 */
export const PART = script(`${COMMON}
local process, fence, isDead, channel, nonce = ARGV[1], ARGV[2], ARGV[3] == '1', ARGV[4], ARGV[5]
if redis.call('EXISTS', S) == 0 then return 0 end
if isDead then
  local x = redis.call('HGET', S, 'x:' .. process)
  if not x or tonumber(x) < tonumber(fence) then redis.call('HSET', S, 'x:' .. process, fence) end
end
local p = redis.call('HGET', S, 'p:' .. process)
if p and tonumber(p) > tonumber(fence) then return 0 end
redis.call('HDEL', S, 'p:' .. process, 'o:' .. process)
local maps, isOpen, mayComeLate, own = { seats = {}, audience = {}, gates = {}, claims = {} }, false, false, ARGV[7]
local all = redis.call('HGETALL', S)
for i = 1, #all, 2 do
  local field = all[i]
  if string.sub(field, 1, 2) == 'p:' then isOpen = true
  elseif string.sub(field, 1, 2) == 'x:' then mayComeLate = true
  else
    local name, key = string.match(field, '^m:(%a+):(.*)$')
    local isOwn = (name == 'seats' and string.sub(all[i + 1], 1, #process + 1) == process .. ' ')
      or (name == 'audience' and key == own) or (name == 'gates' and string.match(key, ' (.*)$') == own)
      or (name == 'claims' and string.sub(key, 1, #own + 1) == own .. ' ')
    if isOwn then
      redis.call('HDEL', S, field)
      maps[name][#maps[name] + 1] = '[' .. cjson.encode(key) .. ']'
    end
  end
end
if not isOpen then
  local kin, reason = unpack(redis.call('HMGET', S, 'k', 'f:end'))
  if mayComeLate and kin and reason then
    redis.call('HSET', E, kin, reason)
    redis.call('PEXPIRE', E, ARGV[6])
  end
  redis.call('DEL', S, L, M)
else
  change(channel, process, nonce, maps)
  keep(ARGV[6])
end
return 1
`);
