package config

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reading is what one kind makes of a text: a value, and that value as text, or an error with these words.
type reading struct {
	text  string
	want  any
	shown string
	fault string
}

func checkReadings(t *testing.T, k kind, cases map[string]reading) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := k.parse(c.text, "/base")
			if c.fault != "" {
				assert.ErrorContains(t, err, c.fault)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.shown, k.format(reflect.ValueOf(got)))
		})
	}
}

func TestDurations(t *testing.T) {
	checkReadings(t, durationKind, map[string]reading{
		"seconds":               {text: "30s", want: 30 * time.Second, shown: "30s"},
		"minutes and seconds":   {text: "1m30s", want: 90 * time.Second, shown: "1m30s"},
		"whole minutes":         {text: "60s", want: time.Minute, shown: "1m"},
		"whole hours":           {text: "3600", want: time.Hour, shown: "1h"},
		"half an hour more":     {text: "1h30m", want: 90 * time.Minute, shown: "1h30m"},
		"ten minutes":           {text: "600", want: 10 * time.Minute, shown: "10m"},
		"bare seconds":          {text: "30", want: 30 * time.Second, shown: "30s"},
		"a fraction":            {text: "0.5", want: 500 * time.Millisecond, shown: "500ms"},
		"zero":                  {text: "0", want: time.Duration(0), shown: "0s"},
		"negative":              {text: "-1", want: -time.Second, shown: "-1s"},
		"words":                 {text: "soon", fault: `not "soon"`},
		"nothing":               {text: "", fault: "want a duration"},
		"not a number":          {text: "nan", fault: "more than can be counted"},
		"endless":               {text: "inf", fault: "more than can be counted"},
		"longer than 292 years": {text: "1e10", fault: "more than can be counted"},
		"too long with a unit":  {text: "9999999h", fault: "want a duration"},
	})
}

func TestSizes(t *testing.T) {
	checkReadings(t, sizeKind, map[string]reading{
		"bytes":                  {text: "8190", want: int64(8190), shown: "8190"},
		"zero":                   {text: "0", want: int64(0), shown: "0"},
		"binary":                 {text: "16MiB", want: int64(16 << 20), shown: "16MiB"},
		"decimal":                {text: "16MB", want: int64(16e6), shown: "15625KiB"},
		"as nginx has it":        {text: "128k", want: int64(128 << 10), shown: "128KiB"},
		"upper case":             {text: "2G", want: int64(2 << 30), shown: "2GiB"},
		"with a space":           {text: "4 KiB", want: int64(4096), shown: "4KiB"},
		"bytes with a unit":      {text: "512B", want: int64(512), shown: "512"},
		"negative":               {text: "-1", want: int64(-1), shown: "-1"},
		"unknown unit":           {text: "16X", fault: `not "16X"`},
		"two units":              {text: "16kk", fault: "want a size"},
		"a unit alone":           {text: "MB", fault: "want a size"},
		"a fraction":             {text: "1.5M", fault: "want a size"},
		"nothing":                {text: "", fault: "want a size"},
		"more than fits":         {text: "9999999999GiB", fault: "more than can be counted"},
		"far below what fits":    {text: "-9999999999GiB", fault: "more than can be counted"},
		"more digits than fit":   {text: "99999999999999999999", fault: "want a size"},
		"a number in other base": {text: "0x10", fault: "want a size"},
	})
}

func TestCounts(t *testing.T) {
	checkReadings(t, countKind, map[string]reading{
		"a number":   {text: "12", want: 12, shown: "12"},
		"negative":   {text: "-1", want: -1, shown: "-1"},
		"a fraction": {text: "2.5", fault: `want a whole number, not "2.5"`},
		"a word":     {text: "many", fault: `not "many"`},
		"nothing":    {text: "", fault: "want a whole number"},
	})
}

func TestUmasks(t *testing.T) {
	checkReadings(t, octalKind, map[string]reading{
		"octal":            {text: "022", want: 0o22, shown: "022"},
		"without a zero":   {text: "77", want: 0o77, shown: "077"},
		"as Python has it": {text: "0o027", want: 0o27, shown: "027"},
		"zero":             {text: "0", want: 0, shown: "000"},
		"unchanged":        {text: "-1", want: -1, shown: "-1"},
		"decimal digits":   {text: "089", fault: `want an octal number`},
		"negative":         {text: "-2", fault: `want an octal number`},
	})
}

func TestLevels(t *testing.T) {
	checkReadings(t, levelKind, map[string]reading{
		"ours":                {text: "warn", want: "warn", shown: "warn"},
		"gunicorn's warning":  {text: "warning", want: "warn", shown: "warn"},
		"gunicorn's critical": {text: "critical", want: "error", shown: "error"},
		"upper case":          {text: "DEBUG", want: "debug", shown: "debug"},
		"unknown":             {text: "loud", fault: `want debug, info, warn or error, not "loud"`},
	})
}

func TestSwitches(t *testing.T) {
	checkReadings(t, switchKind, map[string]reading{
		"on":               {text: "true", want: true, shown: "true"},
		"off":              {text: "false", want: false, shown: "false"},
		"on, as a digit":   {text: "1", want: true, shown: "true"},
		"off, as a digit":  {text: "0", want: false, shown: "false"},
		"as Python has it": {text: "True", want: true, shown: "true"},
		"a word":           {text: "yes", fault: `want true or false, not "yes"`},
		"another number":   {text: "2", fault: "want true or false"},
		"nothing":          {text: "", fault: "want true or false"},
	})
}

func TestRetries(t *testing.T) {
	checkReadings(t, retryKind, map[string]reading{
		"idempotent": {text: "idempotent", want: RetryIdempotent, shown: "idempotent"},
		"never":      {text: "never", want: RetryNever, shown: "never"},
		"always":     {text: "always", want: RetryAlways, shown: "always"},
		"unknown":    {text: "safe", fault: `want idempotent, never or always, not "safe"`},
		"nothing":    {text: "", fault: "want idempotent"},
	})
}

func TestInternalMappings(t *testing.T) {
	checkReadings(t, internalKind, map[string]reading{
		"relative":     {text: "/files/=private", want: Internal{"/files/", "/base/private"}, shown: "/files/=/base/private"},
		"absolute":     {text: "/files/=/srv", want: Internal{"/files/", "/srv"}, shown: "/files/=/srv"},
		"no directory": {text: "/files/=", fault: "want PREFIX=DIR, such as /protected/=files"},
	})
}

// TestADirectoryIsNoPattern: what is named after a directory fits in it, whatever that is called.
func TestADirectoryIsNoPattern(t *testing.T) {
	for _, dir := range []string{"/base", "/a[b]", "/a*b?", `/a\b`} {
		pattern, err := parseGlob("templates/*.html", dir)
		require.NoError(t, err)
		fits, err := filepath.Match(pattern.(string), dir+"/templates/x.html")
		require.NoError(t, err)
		assert.True(t, fits, pattern)
	}
	pattern, err := parseGlob("/etc/[a-c]*", "/base")
	require.NoError(t, err)
	assert.Equal(t, "/etc/[a-c]*", pattern)
	_, err = parseGlob("", "/base")
	assert.ErrorContains(t, err, "want a path or a pattern")
}

func TestPathsStartFromTheirDirectory(t *testing.T) {
	cases := map[string]struct {
		kind kind
		text string
		want string
	}{
		"relative":             {fileKind, "run/forebay.pid", "/base/run/forebay.pid"},
		"absolute":             {fileKind, "/run/forebay.pid", "/run/forebay.pid"},
		"empty":                {fileKind, "", ""},
		"upwards":              {fileKind, "../shop", "/shop"},
		"program by name":      {programKind, "python3.13", "python3.13"},
		"program by path":      {programKind, ".venv/bin/python", "/base/.venv/bin/python"},
		"stdout":               {streamKind, "-", "-"},
		"a log":                {streamKind, "access.log", "/base/access.log"},
		"no log":               {streamKind, "", ""},
		"unix socket":          {listenKind, "unix:run/sock", "unix:/base/run/sock"},
		"abstract unix socket": {listenKind, "unix:@forebay", "unix:@forebay"},
		"address":              {listenKind, "127.0.0.1:80", "127.0.0.1:80"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := c.kind.parse(c.text, "/base")
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestStaticMappings(t *testing.T) {
	checkReadings(t, staticKind, map[string]reading{
		"relative":       {text: "/static/=public", want: NewStatic("/static/", "/base/public"), shown: "/static/=/base/public"},
		"absolute":       {text: "/=/srv", want: NewStatic("/", "/srv"), shown: "/=/srv"},
		"= in directory": {text: "/s/=/a=b", want: NewStatic("/s/", "/a=b"), shown: "/s/=/a=b"},
		"no directory":   {text: "/static/=", fault: "want PREFIX=DIR"},
		"no prefix":      {text: "=public", fault: "want PREFIX=DIR"},
		"no =":           {text: "/static/", fault: `not "/static/"`},
	})
}
