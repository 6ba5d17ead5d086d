-- Takes what requests need of their limits: each request gets all of it, or nothing. Go's part of the arithmetic is
-- package gcra, and a test holds both against each other.
--
-- KEYS     the key of each step
-- ARGV[1]  the steps, packed: kind, whether another step of the request follows, whether it is advisory, and four numbers
-- ARGV[2]  the name of the process that asks
--
-- The reply is packed, too: the time, and for each step what was granted and the level after it. Times are microseconds. A
-- key's string is its theoretical arrival time; all numbers are below 2^53, where Lua's are exact.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- The buckets that were looked at, by their keys, as many requests of a batch may ask for the same one.
local levels, changed = {}, {}

-- Redis drops a key by its own clock, which has whole milliseconds: never too early.
local function milliseconds(value)
  return math.ceil(value / 1000) + 1
end

local function level(step)
  local known = levels[step.key]
  if not known then
    known = (tonumber(redis.call('GET', step.key) or nil) or now) - now
    levels[step.key] = known
  end
  return math.min(math.max(known, 0), step.c)
end

local function set(step, value)
  levels[step.key], changed[step.key] = value, true
  step.level = value
end

local function member(step)
  return ARGV[2] .. ':' .. string.format('%.0f', step.d)
end

-- What a step would be granted. For rates a is the interval, b the burst, c the ceiling and d how many units; for requests
-- in flight a is the limit, b when it expires, and d the number of the request.
local look = {
  [0] = function(step)
    step.level = level(step)
    step.granted = math.max(0, math.min(step.d, math.floor((step.b - step.level) / step.a)))
  end,
  [1] = function(step)
    redis.call('ZREMRANGEBYSCORE', step.key, '-inf', now)
    step.level = redis.call('ZCARD', step.key)
    -- A time that is later than any may be was noted before the clock went back: who is still there will say so.
    if step.level >= step.a
        and redis.call('ZREMRANGEBYSCORE', step.key, '(' .. string.format('%.0f', now + step.b), '+inf') > 0 then
      step.level = redis.call('ZCARD', step.key)
    end
    step.known = redis.call('ZSCORE', step.key, member(step))
    step.granted = (step.known or step.level < step.a) and 1 or 0
  end,
  [2] = function(step) step.granted = 1 end,
  [3] = function(step) step.granted = 1 end,
}

local take = {
  [0] = function(step)
    set(step, step.level + step.granted * step.a)
  end,
  [1] = function(step)
    local expire = milliseconds(step.b)
    redis.call('ZADD', step.key, string.format('%.0f', now + step.b), member(step))
    if redis.call('PTTL', step.key) < expire then redis.call('PEXPIRE', step.key, expire) end
    if not step.known then step.level = step.level + 1 end
  end,
  [2] = function(step)
    set(step, math.min(math.max(level(step) + step.d * step.a, 0), step.c))
  end,
  [3] = function(step)
    redis.call('ZREM', step.key, member(step))
    step.level = 0
  end,
}

local packed, at = ARGV[1], 1
local reply = {struct.pack('<d', now)}
local i = 0
while i < #KEYS do
  local steps, refused, more = {}, false, 1
  while more == 1 do
    i = i + 1
    local step = {key = KEYS[i]}
    step.kind, more, step.advisory, step.a, step.b, step.c, step.d, at = struct.unpack('<BBBdddd', packed, at)
    look[step.kind](step)
    refused = refused or (step.granted == 0 and step.advisory == 0)
    steps[#steps + 1] = step
  end
  for _, step in ipairs(steps) do
    if refused then
      step.granted = 0
    elseif step.granted > 0 then
      take[step.kind](step)
    end
    reply[#reply + 1] = struct.pack('<dd', step.granted, step.level or 0)
  end
end

for key in pairs(changed) do
  local value = levels[key]
  if value > 0 then
    redis.call('SET', key, string.format('%.0f', now + value), 'PX', milliseconds(value))
  else
    redis.call('DEL', key)
  end
end
return table.concat(reply)
