package config

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Syslog is where messages to syslog go, and what they say of themselves.
type Syslog struct {
	// Network is udp, tcp or unix.
	Network string
	// Address is HOST:PORT or the path of a socket. It is empty for the machine's own one, wherever that is.
	Address string
	// Facility is its number (RFC 5424, section 6.2.1).
	Facility int
	// Tag is the program's name.
	Tag string
}

// facilities are the names of those that are for programs such as this one, by their numbers.
var facilities = map[string]int{
	"user": 1, "daemon": 3, "local0": 16, "local1": 17, "local2": 18, "local3": 19, "local4": 20, "local5": 21, "local6": 22,
	"local7": 23,
}

const (
	syslogPrefix    = "syslog:"
	syslogTCPPrefix = "syslog+tcp:"
	syslogPort      = "514"
	// longestTag is what the older of both formats has room for (RFC 3164, section 4.1.3).
	longestTag = 32
)

// IsSyslog says whether a destination of the log is syslog, and not a file.
func IsSyslog(text string) bool {
	return strings.HasPrefix(text, syslogPrefix) || strings.HasPrefix(text, syslogTCPPrefix)
}

// ParseSyslog reads syslog: (the machine's own), syslog:PATH (a socket), syslog://HOST[:PORT] (by UDP) and
// syslog+tcp://HOST[:PORT], each with ?facility=NAME&tag=NAME behind it.
func ParseSyslog(text string) (Syslog, error) {
	where, err := url.Parse(text)
	if err != nil || where.Opaque != "" || where.User != nil || where.Fragment != "" {
		return Syslog{}, fmt.Errorf("want syslog:, syslog:/PATH, syslog://HOST:PORT or syslog+tcp://HOST:PORT, not %q", text)
	}
	s := Syslog{Network: "unix", Address: where.Path}
	tcp := where.Scheme == "syslog+tcp"
	if where.Host != "" || tcp {
		if s, err = remoteSyslog(where, tcp); err != nil {
			return Syslog{}, err
		}
	}
	said := where.Query()
	for key := range said {
		if key != "facility" && key != "tag" {
			return Syslog{}, fmt.Errorf("want facility or tag after the question mark, not %q", key)
		}
	}
	return s, s.describe(said)
}

func remoteSyslog(where *url.URL, tcp bool) (Syslog, error) {
	port := cmp.Or(where.Port(), syslogPort)
	if n, err := strconv.ParseUint(port, 10, 16); where.Hostname() == "" || (where.Path != "" && where.Path != "/") || err != nil || n == 0 {
		return Syslog{}, fmt.Errorf("want HOST or HOST:PORT, not %q", where.Host+where.Path)
	}
	s := Syslog{Network: "udp", Address: net.JoinHostPort(where.Hostname(), port)}
	if tcp {
		s.Network = "tcp"
	}
	return s, nil
}

// describe reads what messages say of themselves.
func (s *Syslog) describe(said url.Values) error {
	name := cmp.Or(said.Get("facility"), "user")
	number, known := facilities[name]
	if !known {
		return fmt.Errorf("want a facility of user, daemon or local0 to local7, not %q", name)
	}
	s.Facility = number
	s.Tag = cmp.Or(said.Get("tag"), "forebay")
	isTag := func(b byte) bool {
		return b == '-' || b == '_' || b == '.' || (b >= '0' && b <= '9') || (b|0x20 >= 'a' && b|0x20 <= 'z')
	}
	if len(s.Tag) > longestTag || slices.ContainsFunc([]byte(s.Tag), func(b byte) bool { return !isTag(b) }) {
		return fmt.Errorf("want a tag of at most %d letters, digits, dots, dashes and underscores, not %q", longestTag, s.Tag)
	}
	return nil
}
