// Package key makes from a request what a limit counts by.
//
// Two requests have the same key only if all parts of it are the same: each part stands in it with its length and with
// the source that it is from, so that no value can pretend to be another one. A value that an application could read in
// two ways, such as a cookie that comes twice, is never one of the client's own choice.
package key

import (
	"encoding/binary"
	"net/netip"

	"forebay/config"
	"forebay/python"
)

// Request is what keys are made from. All of it is borrowed.
type Request struct {
	// Addr is the client's verified address, not of IPv4 in IPv6 form. It is invalid if nobody knows it.
	Addr netip.Addr
	// Method is as received, and Path is decoded.
	Method, Path []byte
	Fields       []python.Field
}

// Maker makes the keys of one limit. It is never changed.
type Maker struct {
	parts []config.KeyPart
	bits  int
}

// New makes a Maker. Of an IPv6 address as many bits count.
func New(key config.LimitKey, ipv6Prefix int) *Maker { return &Maker{key.Parts, ipv6Prefix} }

// Append appends the key of a request to b. ok is false if the request has no value for a part of it.
func (m *Maker) Append(b []byte, r *Request) (key []byte, ok bool) {
	for _, part := range m.parts {
		if b, ok = m.appendPart(b, part, r); !ok {
			return b, false
		}
	}
	return b, true
}

// appendPart appends the number of the source, the length of its value, and this.
func (m *Maker) appendPart(b []byte, part config.KeyPart, r *Request) ([]byte, bool) {
	for i, source := range part {
		begin := len(b)
		b = append(b, byte(i), 0, 0, 0, 0)
		var found presence
		b, found = m.appendValue(b, source, r)
		switch found {
		case present:
			binary.LittleEndian.PutUint32(b[begin+1:], uint32(len(b)-begin-5))
			return b, true
		case ambiguous:
			b = b[:begin+5]
			binary.LittleEndian.PutUint32(b[begin+1:], noLength)
			return b, true
		case absent:
			b = b[:begin]
		}
	}
	return b, false
}

// noLength stands for all ambiguous values: who sends them shares one key.
const noLength = ^uint32(0)

// presence is whether a request has a value.
type presence int

const (
	absent presence = iota
	present
	// ambiguous is one that the application may take for another than we do.
	ambiguous
)

func (m *Maker) appendValue(b []byte, source config.KeySource, r *Request) ([]byte, presence) {
	switch source.Kind {
	case config.KeyAddress:
		return m.appendAddress(b, r.Addr), present
	case config.KeyMethod:
		return append(b, r.Method...), present
	case config.KeyPath:
		return append(b, r.Path...), present
	case config.KeyHeader:
		return appendField(b, r.Fields, source.Name)
	case config.KeyCookie:
		return appendCookie(b, r.Fields, source.Name)
	case config.KeyAll:
		return b, present
	}
	return b, absent
}

// appendAddress appends the bytes of an address, or nothing if there is none: who comes through a unix socket from a proxy
// that tells no address is one client.
func (m *Maker) appendAddress(b []byte, addr netip.Addr) []byte {
	switch {
	case addr.Is4():
		a := addr.As4()
		return append(b, a[:]...)
	case addr.IsValid():
		a := addr.As16()
		for i := range a {
			a[i] &= mask(m.bits - 8*i)
		}
		return append(b, a[:]...)
	}
	return b
}

// mask is a byte whose first bits are set.
func mask(bits int) byte { return ^byte(0xff >> min(max(bits, 0), 8)) }

// appendField appends the values of a field as an application sees them: several with commas between (RFC 9110, section
// 5.3). An empty one is none.
func appendField(b []byte, fields []python.Field, name string) ([]byte, presence) {
	begin := len(b)
	for _, field := range fields {
		if !python.EqualFold(field.Name, name) {
			continue
		}
		if len(b) > begin {
			b = append(b, ',')
		}
		b = append(b, field.Value...)
	}
	if len(b) == begin {
		return b, absent
	}
	return b, present
}
