package crowd

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Kind is a way to hold a connection and to give as little as possible for it.
type Kind struct {
	// Name is what the command line calls it, and About how a report describes it.
	Name  string
	About string

	opening string // sent at once; %s is the host
	trickle bool   // a byte is sent each second
	wants   answer
	sip     int // how many bytes are read each second
	window  int // SO_RCVBUF in bytes, 0 is the system's choice
}

// answer is what a client of a kind expects of the server.
type answer uint8

const (
	nothing answer = iota // whatever comes is a refusal
	whole                 // a 200, which is read to its end
	slowly                // a 200 that has no end while we look
)

const (
	// gulp is more than what a server sends in a second to a client that asks for nothing large.
	gulp = 4 << 10
	// sipSize and sipWindow make a reader of 1 KiB/s. The window is small, so that the kernels hold little of the response
	// and the rest is the server's; Linux doubles what it is given, for its own book-keeping (socket(7)).
	sipSize   = 1 << 10
	sipWindow = 4 << 10
	// bodySize is more than the 16 KiB that nginx holds in memory, and less than the 1 MiB that it allows.
	bodySize = 100_000
)

// Kinds are all kinds there are, in the order in which they are reported.
var Kinds = []Kind{
	{
		Name: "half-head", About: "half a head, then silence",
		opening: "GET / HTTP/1.1\r\nHost: %s\r\nX-Half: ", sip: gulp,
	},
	{
		Name: "slow-body", About: fmt.Sprintf("a body of %d bytes at 1 B/s", bodySize),
		opening: "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: " + fmt.Sprint(bodySize) + "\r\n\r\n", trickle: true, sip: gulp,
	},
	{
		Name: "slow-reader", About: "reading a generated response of 1 MiB at 1 KiB/s",
		opening: "GET /generated HTTP/1.1\r\nHost: %s\r\n\r\n", wants: slowly, sip: sipSize, window: sipWindow,
	},
	{
		Name: "idle", About: "one request, then an idle keep-alive connection",
		opening: "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", wants: whole, sip: gulp,
	},
	{Name: "silent", About: "a connection and silence", sip: gulp},
}

// greeting is what a client of the kind sends at once.
func (k *Kind) greeting(to netip.AddrPort) string {
	return strings.ReplaceAll(k.opening, "%s", to.String())
}

// Names are the names of all kinds.
func Names() []string {
	names := make([]string, 0, len(Kinds))
	for _, kind := range Kinds {
		names = append(names, kind.Name)
	}
	return names
}

// Find returns the kind of that name.
func Find(name string) (Kind, error) {
	i := slices.IndexFunc(Kinds, func(kind Kind) bool { return kind.Name == name })
	if i < 0 {
		return Kind{}, fmt.Errorf("no kind of client is named %q; there are %v", name, Names())
	}
	return Kinds[i], nil
}
