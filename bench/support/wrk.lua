-- Sends requests in turn, one per cookie (an empty one: without), and checks every answer. What is not as expected is
-- counted; the figures come as one line of JSON at the end.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  expected, wrong, turn, requests = arguments[1], 0, 0, {}
  for index = 2, #arguments do
    wrk.headers["Cookie"] = arguments[index] ~= "" and arguments[index] or nil
    requests[index - 1] = wrk.format()
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function response(status, headers, body)
  if status ~= 200 or not body:find(expected) then wrong = wrong + 1 end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  for _, thread in ipairs(threads) do failed = failed + thread:get("wrong") end
  io.write(string.format('\n{"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), failed))
end
