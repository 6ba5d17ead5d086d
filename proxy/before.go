package proxy

import (
	"bytes"
	"strconv"
	"time"
)

// measureBefore notes how long the proxies before us have had the request. What a stranger says of it is taken away:
// programs that measure applications believe it.
func (x *exchange) measureBefore(value []byte, trusted bool) {
	if !trusted {
		x.drop("x-request-start")
		return
	}
	x.before = before(x.start, value)
}

// maxBefore is the longest time that a request is believed to have been on its way to us. Beyond it a clock is wrong, or
// what stands there is no time.
const maxBefore = 10 * time.Minute

// before returns the time from an X-Request-Start to start; 0 if that makes no sense.
func before(start time.Time, value []byte) time.Duration {
	begun, ok := parseStart(value)
	if !ok {
		return 0
	}
	passed := start.Sub(begun)
	if passed < 0 || passed > maxBefore {
		return 0
	}
	return passed
}

// parseStart reads the value of X-Request-Start: a Unix time in seconds (nginx: t=${msec}), milliseconds (Heroku) or
// microseconds (Apache: t=%t), which its size tells apart, with or without "t=".
func parseStart(value []byte) (time.Time, bool) {
	number := bytes.TrimPrefix(value, []byte("t="))
	if len(number) > len("1700000000000000.000000") || len(bytes.Trim(number, "0123456789.")) > 0 {
		return time.Time{}, false
	}
	n, err := strconv.ParseFloat(string(number), 64) // 53 bits are microseconds until the year 2255
	if err != nil {
		return time.Time{}, false
	}
	for unit, ofUnit := time.Second, 1e11; unit >= time.Microsecond; unit, ofUnit = unit/1000, ofUnit*1000 {
		if n < ofUnit { // seconds: until the year 5138; milliseconds: since March 1973
			return time.UnixMicro(int64(n * float64(unit/time.Microsecond))), true
		}
	}
	return time.Time{}, false
}
