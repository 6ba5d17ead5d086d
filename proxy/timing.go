package proxy

import (
	"strconv"
	"time"
)

// appendTiming appends a Server-Timing (W3C, Server Timing): how long the request was on its way to us, if a trusted proxy
// has told, how long it waited for a thread and ran on it, if it came to one, and how long it took until now, when the
// head of its answer is made. Durations are in milliseconds.
func (x *exchange) appendTiming(b []byte) []byte {
	b = append(b, "Server-Timing: "...)
	if x.before > 0 {
		b = append(appendMetric(b, "before", x.before), ", "...)
	}
	if x.trace.Tries > 0 {
		b = append(appendMetric(b, "queue", x.trace.Queued), ", "...)
		b = append(appendMetric(b, "application", x.trace.Ran), ", "...)
	}
	return append(appendMetric(b, "total", time.Since(x.start)), "\r\n"...)
}

func appendMetric(b []byte, name string, d time.Duration) []byte {
	b = append(append(b, name...), ";dur="...)
	return strconv.AppendFloat(b, float64(max(0, d).Microseconds())/1000, 'f', -1, 64)
}
