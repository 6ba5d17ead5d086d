package access

import (
	"strconv"
	"time"

	"forebay/config"
)

// appendPadded appends n, which is not negative, with that many digits.
func appendPadded(dst []byte, n, digits int) []byte {
	end := len(dst) + digits
	for range digits {
		dst = append(dst, '0')
	}
	for i := end - 1; n > 0 && i >= end-digits; i-- {
		dst[i] = '0' + byte(n%10)
		n /= 10
	}
	return dst
}

// appendDuration appends d in a unit, cut off and not rounded. A clock that was set back is no time.
func appendDuration(dst []byte, d time.Duration, unit config.LogUnit) []byte {
	d = max(d, 0)
	switch unit {
	case config.Seconds:
		return strconv.AppendInt(dst, int64(d/time.Second), 10)
	case config.Milliseconds:
		return strconv.AppendInt(dst, int64(d/time.Millisecond), 10)
	case config.Microseconds:
		return strconv.AppendInt(dst, int64(d/time.Microsecond), 10)
	case config.Decimal3:
		return appendDecimal(dst, int64(d/time.Millisecond), 3)
	case config.DecimalMilli:
		return appendDecimal(dst, int64(d/time.Microsecond), 3)
	case config.Decimal:
	}
	return appendDecimal(dst, int64(d/time.Microsecond), 6)
}

// appendDecimal appends n with a point before its last digits.
func appendDecimal(dst []byte, n int64, digits int) []byte {
	unit := int64(1)
	for range digits {
		unit *= 10
	}
	dst = append(strconv.AppendInt(dst, n/unit, 10), '.')
	return appendPadded(dst, int(n%unit), digits)
}
