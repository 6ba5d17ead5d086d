package conditional

import "time"

// form is where the parts of a date stand behind the name of its day. In the pattern 0 is a digit, _ a digit or a space, ?
// a letter of the month's name, and all else itself.
type form struct {
	pattern                 string
	day, month, year, clock int
	digits                  int // of the year
}

// The forms of RFC 9110, section 5.6.7.
var (
	fixdate = form{", 00 ??? 0000 00:00:00 GMT", 2, 5, 9, 14, 4}
	rfc850  = form{", 00-???-00 00:00:00 GMT", 2, 5, 9, 12, 2}
	asctime = form{" ??? _0 00:00:00 0000", 5, 1, 17, 8, 4}
)

// ParseDate reads a date in any of the three forms as seconds since the epoch. The name of the day is looked at only for
// its form: it says nothing that the rest does not say.
func ParseDate(b []byte) (seconds int64, valid bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		full := day.String()
		switch {
		case len(b) < len(full):
		case string(b[:len(full)]) == full:
			return rfc850.parse(b[len(full):])
		}
		const short = 3
		switch {
		case len(b) <= short || string(b[:short]) != full[:short]:
		case b[short] == ',':
			return fixdate.parse(b[short:])
		default:
			return asctime.parse(b[short:])
		}
	}
	return 0, false
}

func (f *form) parse(b []byte) (seconds int64, valid bool) {
	month := 0
	if f.fits(b) {
		month = monthOf(b[f.month : f.month+3])
	}
	if month == 0 {
		return 0, false
	}
	year, day := number(b[f.year:f.year+f.digits]), number(b[f.day:f.day+2])
	if f.digits == 2 {
		year = fullYear(year, time.Now().Year())
	}
	midnight := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	hour, minute, second := number(b[f.clock:f.clock+2]), number(b[f.clock+3:f.clock+5]), number(b[f.clock+6:f.clock+8])
	if midnight.Day() != day || hour > 23 || minute > 59 || second > 60 { // a leap second is one (RFC 5322, section 3.3)
		return 0, false
	}
	return midnight.Unix() + int64(hour*3600+minute*60+second), true
}

// fits reports whether b has the form's pattern, but for what the month's name is.
func (f *form) fits(b []byte) bool {
	if len(b) != len(f.pattern) {
		return false
	}
	for i, want := range []byte(f.pattern) {
		switch c := b[i]; want {
		case '?':
		case '_':
			if c != ' ' && !isDigit(c) {
				return false
			}
		case '0':
			if !isDigit(c) {
				return false
			}
		default:
			if c != want {
				return false
			}
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number is that of digits, of which the first may be a space.
func number(digits []byte) (n int) {
	for _, c := range digits {
		if c != ' ' {
			n = n*10 + int(c-'0')
		}
	}
	return n
}

// fullYear is the year of two digits: one that seems to be more than 50 years ahead is the last one that is past.
func fullYear(two, now int) int {
	year := now - now%100 + two
	if year > now+50 {
		year -= 100
	}
	return year
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// monthOf is the number of a month's name, or 0.
func monthOf(name []byte) int {
	for i := 0; i < len(months); i += 3 {
		if string(name) == months[i:i+3] {
			return i/3 + 1
		}
	}
	return 0
}
