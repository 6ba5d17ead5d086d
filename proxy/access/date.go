package access

import "time"

// The layouts of dates: as NCSA writes it, and RFC 3339's up to the fraction of the second and from there.
const (
	layoutNCSA = "02/Jan/2006:15:04:05 -0700"
	layoutDay  = "2006-01-02T15:04:05"
	layoutZone = "Z07:00"
	layoutTime = "15:04:05"
)

// dateCache holds the text of the second in which the last line was written: most lines want the same one. It is not safe
// for concurrent use.
type dateCache struct {
	layout string
	second int64
	text   []byte
}

// append appends t in local time.
func (c *dateCache) append(dst []byte, t time.Time) []byte {
	if second := t.Unix(); len(c.text) == 0 || c.second != second {
		c.second = second
		c.text = t.Local().AppendFormat(c.text[:0], c.layout)
	}
	return append(dst, c.text...)
}

// isoDate writes times as RFC 3339 has them, with microseconds.
type isoDate struct{ day, zone dateCache }

func newISODate() *isoDate {
	return &isoDate{day: dateCache{layout: layoutDay}, zone: dateCache{layout: layoutZone}}
}

func (d *isoDate) append(dst []byte, t time.Time) []byte {
	dst = append(d.day.append(dst, t), '.')
	dst = appendPadded(dst, t.Nanosecond()/1000, 6)
	return d.zone.append(dst, t)
}
