package access

import "time"

// dateCache holds the text of the second in which the last line was written: most lines want the same one. The zero
// value is ready. It is not safe for concurrent use.
type dateCache struct {
	second int64
	text   []byte
}

// append appends t in local time, as NCSA writes it.
func (c *dateCache) append(dst []byte, t time.Time) []byte {
	if second := t.Unix(); len(c.text) == 0 || c.second != second {
		c.second = second
		c.text = t.Local().AppendFormat(c.text[:0], "02/Jan/2006:15:04:05 -0700")
	}
	return append(dst, c.text...)
}
