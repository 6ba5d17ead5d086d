package proxyproto

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// v2 is a binary header with what follows its length.
func v2(command, family byte, rest ...string) string {
	payload := strings.Join(rest, "")
	head := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), command, family, 0, 0)
	binary.BigEndian.PutUint16(head[14:], uint16(len(payload)))
	return string(head) + payload
}

// record is one of type, length and value.
func record(kind byte, value string) string {
	return string([]byte{kind, byte(len(value) >> 8), byte(len(value))}) + value
}

// summed is a header with the right checksum in place of the record of zeros that it has.
func summed(header string) string {
	none := record(3, "\x00\x00\x00\x00")
	sum := crc32.Checksum([]byte(header), crc32.MakeTable(crc32.Castagnoli))
	return strings.Replace(header, none, record(3, string(binary.BigEndian.AppendUint32(nil, sum))), 1)
}

const (
	v4Addresses = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x00\x50\xff\xff"
	v6Client    = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
	v6Server    = "\x20\x01\x0d\xb8\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
	v6Mapped    = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x01"
)

var unixAddresses = "/run/client" + strings.Repeat("\x00", 97) + "/run/server" + strings.Repeat("\x00", 97)

func from(source, destination string) Header {
	return Header{Source: netip.MustParseAddrPort(source), Destination: netip.MustParseAddrPort(destination)}
}

// accepted are whole headers and what they say.
func accepted() map[string]struct {
	raw  string
	want Header
} {
	local := Header{Local: true}
	v4 := from("192.0.2.1:80", "198.51.100.2:65535")
	v6 := from("[2001:db8::1]:80", "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535")
	const full = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
	return map[string]struct {
		raw  string
		want Header
	}{
		"v1 TCP4":         {"PROXY TCP4 192.0.2.1 198.51.100.2 80 65535\r\n", v4},
		"v1 TCP4 port 0":  {"PROXY TCP4 192.0.2.1 198.51.100.2 0 1\r\n", from("192.0.2.1:0", "198.51.100.2:1")},
		"v1 TCP6":         {"PROXY TCP6 2001:db8::1 2001:DB8:ffff:ffff:ffff:ffff:ffff:ffff 80 65535\r\n", v6},
		"v1 TCP6, zeros":  {"PROXY TCP6 2001:0db8:0000:0::0001 2001:DB8:ffff:ffff:ffff:ffff:ffff:ffff 80 65535\r\n", v6},
		"v1 TCP6, mapped": {"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 80 65535\r\n", v4},
		"v1 UNKNOWN":      {"PROXY UNKNOWN\r\n", local},
		"v1 UNKNOWN, the longest": {
			"PROXY UNKNOWN " + full + " " + full + " 65535 65535\r\n", local,
		},
		"v1 UNKNOWN and anything": {"PROXY UNKNOWN whatever \xff it is\r\n", local},

		"v2 TCP over IPv4":       {v2(0x21, 0x11, v4Addresses), v4},
		"v2 TCP over IPv6":       {v2(0x21, 0x21, v6Client, v6Server, "\x00\x50\xff\xff"), v6},
		"v2 IPv4 in IPv6":        {v2(0x21, 0x21, v6Mapped, v6Mapped, "\x00\x50\xff\xff"), from("192.0.2.1:80", "192.0.2.1:65535")},
		"v2 unix":                {v2(0x21, 0x31, unixAddresses), Header{Unix: true}},
		"v2 unix without a name": {v2(0x21, 0x31, strings.Repeat("\x00", 216)), Header{Unix: true}},
		"v2 unspecified":         {v2(0x21, 0x00), local},
		"v2 unspecified, more":   {v2(0x21, 0x00, record(0xea, "x")), local},
		"v2 UDP over IPv4":       {v2(0x21, 0x12, v4Addresses), local},
		"v2 UDP over IPv6":       {v2(0x21, 0x22, v6Client, v6Server, "\x00\x50\xff\xff"), local},
		"v2 unix datagrams":      {v2(0x21, 0x32, unixAddresses), local},
		"v2 LOCAL":               {v2(0x20, 0x00), local},
		"v2 LOCAL, addresses":    {v2(0x20, 0x11, v4Addresses), local},
		"v2 LOCAL, half of them": {v2(0x20, 0x11, v4Addresses[:5]), local},
		"v2 LOCAL, no records":   {v2(0x20, 0x11, v4Addresses, "\x01\xff\xff"), local},

		"v2 records": {
			v2(0x21, 0x11, v4Addresses, record(1, "h2"), record(4, ""), record(2, "example.org"), record(0xea, "\x01vpce-1"),
				record(0x20, "\x01\x00\x00\x00\x00"+record(0x21, "TLSv1.3"))), v4,
		},
		"v2 checksum": {summed(v2(0x21, 0x11, v4Addresses, record(1, "h2"), record(3, "\x00\x00\x00\x00"), record(4, "x"))), v4},
		"v2 the longest": {
			v2(0x21, 0x11, v4Addresses, record(4, strings.Repeat("x", MaxSize-v2Fixed-12-recordHead))), v4,
		},
	}
}

func TestHeaders(t *testing.T) {
	for name, c := range accepted() {
		t.Run(name, func(t *testing.T) {
			for _, follows := range []string{"", "G", "GET / HTTP/1.1\r\n", "PROXY TCP4 192.0.2.9 192.0.2.9 9 9\r\n"} {
				h, n, err := Parse([]byte(c.raw + follows))
				require.NoError(t, err)
				assert.Equal(t, len(c.raw), n)
				assert.Equal(t, c.want, h)
			}
			for end := range c.raw {
				h, n, err := Parse([]byte(c.raw[:end]))
				require.Equal(t, ErrMore, err, "%q", c.raw[:end])
				require.Zero(t, n)
				require.Equal(t, Header{}, h)
			}
		})
	}
}

// TestAsHAProxySends has what haproxy 2.6 sends, with the settings that are the names.
func TestAsHAProxySends(t *testing.T) {
	const signature = "\r\n\r\n\x00\r\nQUIT\n"
	cases := map[string]struct {
		raw  string
		want Header
	}{
		"send-proxy": {
			"PROXY TCP4 127.0.0.1 127.0.0.1 50522 44235\r\n", from("127.0.0.1:50522", "127.0.0.1:44235"),
		},
		"send-proxy, from a unix socket": {
			"PROXY UNKNOWN\r\n", Header{Local: true},
		},
		"send-proxy-v2": {
			signature + "!\x11\x00\x0c\x7f\x00\x00\x01\x7f\x00\x00\x01\xa0\x10\xdc%", from("127.0.0.1:40976", "127.0.0.1:56357"),
		},
		"send-proxy-v2 proxy-v2-options crc32c,unique-id": {
			signature + "!\x11\x00\x16\x7f\x00\x00\x01\x7f\x00\x00\x01\xdct\xcf\xf1\x03\x00\x04\x04\xd2]_\x05\x00\x00",
			from("127.0.0.1:56436", "127.0.0.1:53233"),
		},
		"send-proxy-v2 proxy-v2-options crc32c, IPv6": {
			signature + "!!\x00+" + strings.Repeat("\x00", 15) + "\x01" + strings.Repeat("\x00", 15) + "\x01\x83\xa6\xdb\x95\x03\x00\x04\x0bJ\xfe\xf4",
			from("[::1]:33702", "[::1]:56213"),
		},
		"send-proxy-v2 proxy-v2-options crc32c, from a unix socket and for health checks": {
			signature + " \x00\x00\x07\x03\x00\x04\xa9\xb8~\x8f", Header{Local: true},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h, n, err := Parse([]byte(c.raw + "X"))
			require.NoError(t, err)
			assert.Equal(t, c.want, h)
			assert.Equal(t, len(c.raw), n)
		})
	}
}

func TestRefused(t *testing.T) {
	cases := map[string]struct {
		raw  string
		want error // nil: one of the library
	}{
		"a request":            {"GET / HTTP/1.1\r\n\r\n", ErrMissing},
		"a POST":               {"POST / HTTP/1.1\r\n\r\n", ErrMissing},
		"P and another":        {"PRO ", ErrMissing},
		"in lower case":        {"proxy TCP4 192.0.2.1 198.51.100.2 80 65535\r\n", ErrMissing},
		"without a space":      {"PROXY\r\n", ErrMissing},
		"a tab for the space":  {"PROXY\tTCP4 192.0.2.1 198.51.100.2 80 65535\r\n", ErrMissing},
		"TLS":                  {"\x16\x03\x01\x02\x00", ErrMissing},
		"empty lines, request": {"\r\n\r\nGET / HTTP/1.1\r\n", ErrMissing},
		"half a signature":     {"\r\n\r\n\x00\r\nQUIX", ErrMissing},

		"v1 no family":             {"PROXY \r\n", nil},
		"v1 family in lower case":  {"PROXY tcp4 192.0.2.1 198.51.100.2 80 65535\r\n", nil},
		"v1 unknown in lower case": {"PROXY unknown\r\n", nil},
		"v1 UNKNOWN and more":      {"PROXY UNKNOWNX\r\n", nil},
		"v1 UDP4":                  {"PROXY UDP4 192.0.2.1 198.51.100.2 80 65535\r\n", nil},
		"v1 IPv6 in TCP4":          {"PROXY TCP4 2001:db8::1 2001:db8::2 80 65535\r\n", nil},
		"v1 mapped in TCP4":        {"PROXY TCP4 ::ffff:192.0.2.1 198.51.100.2 80 65535\r\n", nil},
		"v1 IPv4 in TCP6":          {"PROXY TCP6 192.0.2.1 198.51.100.2 80 65535\r\n", nil},
		"v1 one of each":           {"PROXY TCP6 2001:db8::1 198.51.100.2 80 65535\r\n", nil},
		"v1 zone":                  {"PROXY TCP6 fe80::1%eth0 2001:db8::2 80 65535\r\n", nil},
		"v1 brackets":              {"PROXY TCP6 [2001:db8::1] 2001:db8::2 80 65535\r\n", nil},
		"v1 zero in an octet":      {"PROXY TCP4 192.0.02.1 198.51.100.2 80 65535\r\n", nil},
		"v1 three octets":          {"PROXY TCP4 192.0.1 198.51.100.2 80 65535\r\n", nil},
		"v1 octet of 256":          {"PROXY TCP4 192.0.2.256 198.51.100.2 80 65535\r\n", nil},
		"v1 a name":                {"PROXY TCP4 localhost 198.51.100.2 80 65535\r\n", nil},
		"v1 zero before a port":    {"PROXY TCP4 192.0.2.1 198.51.100.2 080 65535\r\n", nil},
		"v1 port beyond":           {"PROXY TCP4 192.0.2.1 198.51.100.2 80 65536\r\n", nil},
		"v1 port with a sign":      {"PROXY TCP4 192.0.2.1 198.51.100.2 +80 65535\r\n", nil},
		"v1 negative port":         {"PROXY TCP4 192.0.2.1 198.51.100.2 -80 65535\r\n", nil},
		"v1 port in hex":           {"PROXY TCP4 192.0.2.1 198.51.100.2 0x50 65535\r\n", nil},
		"v1 no ports":              {"PROXY TCP4 192.0.2.1 198.51.100.2\r\n", nil},
		"v1 one port":              {"PROXY TCP4 192.0.2.1 198.51.100.2 80\r\n", nil},
		"v1 three ports":           {"PROXY TCP4 192.0.2.1 198.51.100.2 80 80 80\r\n", nil},
		"v1 two spaces":            {"PROXY TCP4  192.0.2.1 198.51.100.2 80 65535\r\n", nil},
		"v1 space at the end":      {"PROXY TCP4 192.0.2.1 198.51.100.2 80 65535 \r\n", nil},
		"v1 tab":                   {"PROXY TCP4 192.0.2.1\t198.51.100.2 80 65535\r\n", nil},
		"v1 line ends with LF":     {"PROXY TCP4 192.0.2.1 198.51.100.2 80 65535\n", nil},
		"v1 UNKNOWN ends with LF":  {"PROXY UNKNOWN\n", nil},
		"v1 bare CR":               {"PROXY UNKNOWN\rGET / HTTP/1.1\r\n", errV1Byte},
		"v1 CR CR LF":              {"PROXY UNKNOWN\r\r\n", errV1Byte},
		"v1 NUL":                   {"PROXY UNKNOWN \x00\r\n", errV1Byte},
		"v1 too long":              {"PROXY UNKNOWN " + strings.Repeat("x", 92) + "\r\n", errV1Long},
		"v1 without an end":        {"PROXY UNKNOWN " + strings.Repeat("x", 93), errV1Long},

		"v2 version 1":            {v2(0x11, 0x11, v4Addresses), nil},
		"v2 version 3":            {v2(0x31, 0x11, v4Addresses), nil},
		"v2 unknown command":      {v2(0x22, 0x11, v4Addresses), nil},
		"v2 unknown family":       {v2(0x21, 0x41, v4Addresses), nil},
		"v2 unknown transport":    {v2(0x21, 0x13, v4Addresses), nil},
		"v2 transport alone":      {v2(0x21, 0x01, v4Addresses), nil},
		"v2 family alone":         {v2(0x21, 0x10, v4Addresses), nil},
		"v2 no addresses":         {v2(0x21, 0x11), nil},
		"v2 too few":              {v2(0x21, 0x11, v4Addresses[:11]), nil},
		"v2 IPv4's for IPv6":      {v2(0x21, 0x21, v4Addresses), nil},
		"v2 half a unix address":  {v2(0x21, 0x31, unixAddresses[:215]), nil},
		"v2 too long":             {v2(0x21, 0x11, strings.Repeat("x", MaxSize-v2Fixed+1))[:v2Fixed], errV2Long},
		"v2 LOCAL and too long":   {v2(0x20, 0x00, strings.Repeat("x", MaxSize-v2Fixed+1))[:v2Fixed], errV2Long},
		"v2 half a record's head": {v2(0x21, 0x11, v4Addresses, "\x01\x00"), errRecord},
		"v2 half a record":        {v2(0x21, 0x11, v4Addresses, record(1, "h2")[:4]), errRecord},
		"v2 a record too long":    {v2(0x21, 0x11, v4Addresses, "\x01\xff\xff"), errRecord},
		"v2 wrong checksum":       {v2(0x21, 0x11, v4Addresses, record(3, "\x00\x00\x00\x00")), errChecksum},
		"v2 short checksum":       {v2(0x21, 0x11, v4Addresses, record(3, "\x00\x00\x00")), errChecksum},
		"v2 empty checksum":       {v2(0x21, 0x11, v4Addresses, record(3, "")), errChecksum},
		"v2 two checksums":        {summed(v2(0x21, 0x11, v4Addresses, record(3, "once"), record(3, "\x00\x00\x00\x00"))), errChecksum},
		"v2 unspecified, wrong":   {v2(0x21, 0x00, record(3, "\x00\x00\x00\x00")), errChecksum},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h, n, err := Parse([]byte(c.raw))
			require.Error(t, err)
			require.NotErrorIs(t, err, ErrMore)
			if c.want != nil {
				assert.ErrorIs(t, err, c.want)
			} else {
				assert.NotErrorIs(t, err, ErrMissing)
				assert.ErrorContains(t, err, "PROXY header: ")
			}
			assert.Equal(t, Header{}, h)
			assert.Zero(t, n)
		})
	}
}

// Every byte of a header with a checksum counts, but the one that says that it has one.
func TestChecksumCoversTheWholeHeader(t *testing.T) {
	raw := []byte(summed(v2(0x21, 0x11, v4Addresses, record(1, "h2"), record(3, "\x00\x00\x00\x00"), record(4, "xyz"))))
	for i := v2Fixed; i < len(raw); i++ {
		if i == v2Fixed+len(v4Addresses+record(1, "h2")) {
			continue
		}
		changed := append([]byte(nil), raw...)
		changed[i] ^= 0x40
		_, _, err := Parse(changed)
		require.Error(t, err, "byte %d", i)
	}
}

// FuzzParse holds Parse to its contract: a header is read the same whatever follows it, nothing shorter is one, a wait is
// bounded, and what it says is of one kind.
func FuzzParse(f *testing.F) {
	for _, c := range accepted() {
		f.Add([]byte(c.raw))
	}
	f.Add([]byte("PROXY TCP4 192.0.2.1 198.51.100.2 080 65535\r\n"))
	f.Add([]byte(v2(0x21, 0x11, v4Addresses, "\x01\xff\xff")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, n, err := Parse(raw)
		if err != nil {
			require.Zero(t, n)
			require.Equal(t, Header{}, h)
			if errors.Is(err, ErrMore) {
				require.Less(t, len(raw), MaxSize)
			}
			return
		}
		require.LessOrEqual(t, n, min(len(raw), MaxSize))
		again, m, err := Parse(raw[:n])
		require.NoError(t, err)
		require.Equal(t, n, m)
		require.Equal(t, h, again)
		for _, end := range []int{0, 1, n / 2, n - 1} {
			_, _, err := Parse(raw[:end])
			require.ErrorIs(t, err, ErrMore)
		}
		kinds := 0
		for _, is := range []bool{h.Local, h.Unix, h.Source.IsValid() && h.Destination.IsValid()} {
			if is {
				kinds++
			}
		}
		require.Equal(t, 1, kinds, "%+v", h)
		require.Equal(t, h.Source.IsValid(), h.Destination.IsValid())
		require.False(t, h.Source.Addr().Is4In6() || h.Destination.Addr().Is4In6())
		require.Empty(t, h.Source.Addr().Zone()+h.Destination.Addr().Zone())
	})
}
