package python

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// The type codes of Python's marshal format that cross the wire (CPython, Python/marshal.c; version 2).
const (
	codeNull     = '0' // ends a dict
	codeNone     = 'N'
	codeTrue     = 'T'
	codeFalse    = 'F'
	codeInt      = 'i' // i32
	codeBytes    = 's' // u32 length
	codeText     = 'u' // u32 length, UTF-8 with surrogatepass
	codeInterned = 't' // the same, of a text that Python has interned
	codeTuple    = '('
	codeList     = '['
	codeDict     = '{'
)

// maxDepth bounds the nesting of what is read.
const maxDepth = 16

// ErrMarshal is wrapped by every error about bytes that are not the marshal format, or not what the place asks for.
var ErrMarshal = errors.New("not the expected marshal data")

// appendText appends a text whose characters are the bytes of b: PEP 3333's "bytes in latin-1".
func appendText(dst, b []byte) []byte {
	dst = append(dst, codeText, 0, 0, 0, 0)
	start := len(dst)
	dst = appendLatin1(dst, b)
	binary.LittleEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
	return dst
}

// appendLatin1 appends the UTF-8 of the text whose characters are the bytes of b.
func appendLatin1(dst, b []byte) []byte {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			dst = append(dst, b[:i]...)
			for _, c := range b[i:] {
				dst = utf8.AppendRune(dst, rune(c))
			}
			return dst
		}
	}
	return append(dst, b...)
}

// appendString appends a text that is UTF-8 already.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, codeText)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}

func appendBytes(dst, b []byte) []byte {
	dst = append(dst, codeBytes)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(b)))
	return append(dst, b...)
}

func appendInt(dst []byte, n int32) []byte {
	dst = append(dst, codeInt)
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

func appendTuple(dst []byte, n int) []byte {
	dst = append(dst, codeTuple)
	return binary.LittleEndian.AppendUint32(dst, uint32(n))
}

// Tuple is a Python tuple among the values that AppendValue writes and ReadValue returns.
type Tuple []any

// AppendValue appends v, which is made of nil, bool, int (32 bits), string, []byte, Tuple, []any, []string and
// map[string]any. It panics on other types: what is written here is the program's own. It is for the control socket;
// requests have their own writer.
func AppendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, codeNone)
	case bool:
		if v {
			return append(dst, codeTrue)
		}
		return append(dst, codeFalse)
	case int:
		if v < math.MinInt32 || v > math.MaxInt32 {
			panic(fmt.Sprintf("python: %d does not fit marshal's int", v))
		}
		return appendInt(dst, int32(v))
	case string:
		return appendString(dst, v)
	case []byte:
		return appendBytes(dst, v)
	case Tuple:
		return appendItems(appendTuple(dst, len(v)), v)
	case []any:
		dst = append(dst, codeList)
		return appendItems(binary.LittleEndian.AppendUint32(dst, uint32(len(v))), v)
	case []string:
		dst = append(dst, codeList)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(v)))
		for _, s := range v {
			dst = appendString(dst, s)
		}
		return dst
	case map[string]any:
		dst = append(dst, codeDict)
		for key, value := range v {
			dst = AppendValue(appendString(dst, key), value)
		}
		return append(dst, codeNull)
	}
	panic(fmt.Sprintf("python: no marshal form for %T", v))
}

func appendItems(dst []byte, items []any) []byte {
	for _, item := range items {
		dst = AppendValue(dst, item)
	}
	return dst
}

// reader reads marshal data that a worker wrote. It trusts no length: every one is checked against what is left.
type reader struct{ b []byte }

func (r *reader) code() (byte, error) {
	if len(r.b) == 0 {
		return 0, fmt.Errorf("%w: it ends early", ErrMarshal)
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c, nil
}

func (r *reader) uint32() (uint32, error) {
	if len(r.b) < 4 {
		return 0, fmt.Errorf("%w: it ends within a number", ErrMarshal)
	}
	n := binary.LittleEndian.Uint32(r.b)
	r.b = r.b[4:]
	return n, nil
}

// take returns the n bytes that a length announces.
func (r *reader) take() ([]byte, error) {
	n, err := r.uint32()
	if err != nil {
		return nil, err
	}
	if uint64(n) > uint64(len(r.b)) {
		return nil, fmt.Errorf("%w: %d bytes announced, %d there", ErrMarshal, n, len(r.b))
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b, nil
}

// count returns the number of items that a container announces; each takes at least one byte.
func (r *reader) count() (int, error) {
	n, err := r.uint32()
	if err != nil {
		return 0, err
	}
	if uint64(n) > uint64(len(r.b)) {
		return 0, fmt.Errorf("%w: %d items announced in %d bytes", ErrMarshal, n, len(r.b))
	}
	return int(n), nil
}

func (r *reader) expect(code byte) error {
	c, err := r.code()
	if err != nil {
		return err
	}
	if c != code {
		return fmt.Errorf("%w: type %q where %q belongs", ErrMarshal, c, code)
	}
	return nil
}

// sequence reads the head of a tuple or a list and returns its number of items.
func (r *reader) sequence() (int, error) {
	c, err := r.code()
	if err != nil {
		return 0, err
	}
	if c != codeTuple && c != codeList {
		return 0, fmt.Errorf("%w: type %q where a tuple or a list belongs", ErrMarshal, c)
	}
	return r.count()
}

func (r *reader) tupleOf(n int) error {
	if err := r.expect(codeTuple); err != nil {
		return err
	}
	got, err := r.count()
	if err == nil && got != n {
		err = fmt.Errorf("%w: a tuple of %d where one of %d belongs", ErrMarshal, got, n)
	}
	return err
}

func (r *reader) bytes() ([]byte, error) {
	if err := r.expect(codeBytes); err != nil {
		return nil, err
	}
	return r.take()
}

// utf8 reads a text as the UTF-8 that stands on the wire.
func (r *reader) utf8() ([]byte, error) {
	c, err := r.code()
	if err != nil {
		return nil, err
	}
	if c != codeText && c != codeInterned {
		return nil, fmt.Errorf("%w: type %q where a text belongs", ErrMarshal, c)
	}
	return r.take()
}

// latin1 reads a text whose characters stand for bytes, and returns these bytes. Where they differ from the UTF-8 on the
// wire the buffer is rewritten in place, so it can be read only once.
func (r *reader) latin1() ([]byte, error) {
	b, err := r.utf8()
	if err != nil {
		return nil, err
	}
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return shrinkLatin1(b, i)
		}
	}
	return b, nil
}

// end refuses what is left.
func (r *reader) end() error {
	if len(r.b) > 0 {
		return fmt.Errorf("%w: %d bytes too many", ErrMarshal, len(r.b))
	}
	return nil
}

// shrinkLatin1 turns UTF-8 into latin-1 in place, from the first byte that differs.
func shrinkLatin1(b []byte, from int) ([]byte, error) {
	out := b[:from]
	for rest := b[from:]; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		if c > 0xFF { // as utf8.RuneError is
			return nil, fmt.Errorf("%w: a text that is not latin-1", ErrMarshal)
		}
		out = append(out, byte(c))
		rest = rest[size:]
	}
	return out, nil
}

// ReadValue reads one value of any of the types that AppendValue writes and returns it with lists as []any. Bytes after
// it are an error.
func ReadValue(b []byte) (any, error) {
	r := reader{b}
	v, err := r.value(0)
	if err == nil {
		err = r.end()
	}
	return v, err
}

func (r *reader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: nested more than %d deep", ErrMarshal, maxDepth)
	}
	c, err := r.code()
	if err != nil {
		return nil, err
	}
	switch c {
	case codeNone:
		return nil, nil
	case codeTrue, codeFalse:
		return c == codeTrue, nil
	case codeInt:
		n, err := r.uint32()
		return int(int32(n)), err
	case codeBytes:
		b, err := r.take()
		return append([]byte{}, b...), err
	case codeText, codeInterned:
		b, err := r.take()
		return string(b), err
	case codeTuple:
		items, err := r.items(depth)
		return Tuple(items), err
	case codeList:
		return r.items(depth)
	case codeDict:
		return r.dict(depth)
	}
	return nil, fmt.Errorf("%w: type %q", ErrMarshal, c)
}

func (r *reader) items(depth int) ([]any, error) {
	n, err := r.count()
	if err != nil {
		return nil, err
	}
	// An announced item takes a byte on the wire and 16 here: what is announced only, and at every depth, takes none.
	items := make([]any, 0, min(n, 64))
	for range n {
		item, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func (r *reader) dict(depth int) (map[string]any, error) {
	d := map[string]any{}
	for {
		if len(r.b) > 0 && r.b[0] == codeNull {
			r.b = r.b[1:]
			return d, nil
		}
		key, err := r.utf8()
		if err != nil {
			return nil, err
		}
		if d[string(key)], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
}
