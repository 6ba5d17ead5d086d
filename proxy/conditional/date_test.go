package conditional

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDate(t *testing.T) {
	const example = 784111777 // RFC 9110, section 5.6.7: all three are the same
	tests := map[string]struct {
		text    string
		seconds int64
		valid   bool
	}{
		"IMF-fixdate":                 {"Sun, 06 Nov 1994 08:49:37 GMT", example, true},
		"RFC 850":                     {"Sunday, 06-Nov-94 08:49:37 GMT", example, true},
		"asctime":                     {"Sun Nov  6 08:49:37 1994", example, true},
		"asctime with two digits":     {"Wed Nov 16 08:49:37 1994", example + 10*86400, true},
		"the epoch":                   {"Thu, 01 Jan 1970 00:00:00 GMT", 0, true},
		"before the epoch":            {"Wed, 31 Dec 1969 23:59:59 GMT", -1, true},
		"a leap day":                  {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800, true},
		"a leap second":               {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800, true},
		"another day of the week":     {"Mon, 06 Nov 1994 08:49:37 GMT", example, true},
		"a leap day in another year":  {"Wed, 29 Feb 2023 00:00:00 GMT", 0, false},
		"no such day":                 {"Sun, 31 Nov 1994 08:49:37 GMT", 0, false},
		"day 0":                       {"Sun, 00 Nov 1994 08:49:37 GMT", 0, false},
		"no such month":               {"Sun, 06 Nix 1994 08:49:37 GMT", 0, false},
		"no such hour":                {"Sun, 06 Nov 1994 24:00:00 GMT", 0, false},
		"no such minute":              {"Sun, 06 Nov 1994 08:60:37 GMT", 0, false},
		"no such second":              {"Sun, 06 Nov 1994 08:49:61 GMT", 0, false},
		"no such day of the week":     {"Son, 06 Nov 1994 08:49:37 GMT", 0, false},
		"another zone":                {"Sun, 06 Nov 1994 08:49:37 CET", 0, false},
		"a numeric zone":              {"Sun, 06 Nov 1994 08:49:37 +00", 0, false},
		"UTC":                         {"Sun, 06 Nov 1994 08:49:37 UTC", 0, false},
		"in another case":             {"sun, 06 nov 1994 08:49:37 gmt", 0, false},
		"one digit":                   {"Sun, 6 Nov 1994 08:49:37 GMT", 0, false},
		"a space for a digit":         {"Sun,  6 Nov 1994 08:49:37 GMT", 0, false},
		"a fraction":                  {"Sun, 06 Nov 1994 08:49:37.5 GMT", 0, false},
		"more behind":                 {"Sun, 06 Nov 1994 08:49:37 GMT; length=1", 0, false},
		"space in front":              {" Sun, 06 Nov 1994 08:49:37 GMT", 0, false},
		"cut off":                     {"Sun, 06 Nov 1994 08:49", 0, false},
		"a minus":                     {"Sun, 06 Nov -994 08:49:37 GMT", 0, false},
		"RFC 850 with a short name":   {"Sun, 06-Nov-94 08:49:37 GMT", 0, false},
		"RFC 850 with a year in full": {"Sunday, 06-Nov-1994 08:49:37 GMT", 0, false},
		"asctime with a full name":    {"Sunday Nov  6 08:49:37 1994", 0, false},
		"a number":                    {"784111777", 0, false},
		"nothing":                     {"", 0, false},
		"three letters":               {"Sun", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			seconds, valid := ParseDate([]byte(tt.text))
			assert.Equal(t, tt.valid, valid)
			if valid {
				assert.Equal(t, tt.seconds, seconds)
			}
		})
	}
}

func TestYearsOfTwoDigits(t *testing.T) {
	for two, want := range map[int]int{0: 2000, 26: 2026, 76: 2076, 77: 1977, 99: 1999} {
		assert.Equal(t, want, fullYear(two, 2026), two)
	}
	assert.Equal(t, 2099, fullYear(99, 2060))
}

// What we take for a date is the same to net/http.
func FuzzParseDate(f *testing.F) {
	for _, form := range []string{http.TimeFormat, time.RFC850, time.ANSIC} {
		f.Add(modified.Format(form))
	}
	f.Fuzz(func(t *testing.T, text string) {
		seconds, valid := ParseDate([]byte(text))
		if !valid {
			return
		}
		theirs, err := http.ParseTime(text)
		if err != nil { // it knows no leap seconds
			require.Contains(t, text, ":60")
			return
		}
		if theirs.Unix() != seconds { // nor how to read two digits of a year
			require.Equal(t, theirs.AddDate(-100, 0, 0).Unix(), seconds)
		}
	})
}
