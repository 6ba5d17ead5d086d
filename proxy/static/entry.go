package static

import (
	"container/list"
	"os"
	"sync/atomic"
	"time"

	"forebay/proxy/coding"
	"forebay/proxy/mediatype"
	"forebay/proxy/reply"
	"forebay/python"
)

// entry is what is known about a path that leads to a file: the contents, in memory or as open descriptors, ready to be
// sent, and how to find out whether they are still those of the file.
type entry struct {
	path    string
	mapping *mapping
	name    string // of the file, in the mapping's file system
	typ     string

	identity *reply.Content
	coded    [coding.Count]atomic.Pointer[reply.Content]
	varies   bool                      // it may be had in other codings
	squeezes bool                      // copies are made in the codings that it cannot be had in
	tried    [coding.Count]atomic.Bool // somebody has made a copy, or is at it
	stamps   [coding.Count]stamp       // of the file and of its sidecars
	settled  bool                      // the stamps tell these versions from all later ones
	checked  atomic.Int64              // when that was last found out, in nanoseconds since the epoch
	used     atomic.Bool               // since the cache last looked for something to drop

	// The descriptors are closed, and the places in the arena given back, when nobody holds the entry any longer. One with
	// neither is not counted.
	files []openFile
	arena *arena
	rooms []room
	holds atomic.Int32

	cost  int64         // of what is in memory, in bytes
	place *list.Element // in the cache; nil when it is in none
}

// openFile is a file that is sent from its descriptor.
type openFile struct {
	*os.File
	stamp stamp
}

// isIntact reports whether nothing was written to the file since it was opened: what is sent of it later would not go with
// what was sent before. That it was renamed or deleted changes nothing in it. It allocates nothing.
func (o *openFile) isIntact() bool {
	s, err := descriptorStamp(o.File)
	return err == nil && s.size == o.stamp.size && s.modified == o.stamp.modified
}

// entryCost is what an entry costs beside the contents of the file, about.
const entryCost = 2 << 10

// newEntry opens a file and its sidecars. Whoever gets the entry holds it.
func (m *mapping) newEntry(path, name string, now time.Time) (*entry, error) {
	v, err := openVersion(m.FS, name)
	if err != nil {
		return nil, err
	}
	e := &entry{path: path, mapping: m, name: name, typ: m.typeOf(name), settled: true, cost: entryCost}
	e.holds.Store(1)
	e.checked.Store(now.UnixNano())
	e.varies = mediatype.Compressible(e.typ) && (m.Sidecars || m.Compress)
	e.identity = e.content(coding.Identity, v, now)
	if e.varies && m.Sidecars {
		e.addSidecars(now)
	}
	e.squeezes = e.varies && m.Compress && e.settled && leastSqueezed <= v.size && v.size <= mostSqueezed
	return e, nil
}

// content makes a content of a version, and takes over its descriptor.
func (e *entry) content(c coding.Coding, v *version, now time.Time) *reply.Content {
	e.stamps[c] = v.stamp
	e.settled = e.settled && v.stamp.settled(now)
	head := e.mapping.head(e.name, e.typ, c, v.validators, e.varies)
	if v.file != nil {
		file := openFile{v.file, v.stamp}
		e.files = append(e.files, file)
		content := reply.NewFile(head, v.validators, v.file, 0, v.size, e.release)
		content.Guard(file.isIntact)
		return content
	}
	e.cost += inPages(v.size)
	return reply.NewMemory(head, v.validators, v.body)
}

// addSidecars looks for compressed copies beside the file. One that is older than the file was not made from it.
func (e *entry) addSidecars(now time.Time) {
	for _, c := range coding.All {
		v, err := openVersion(e.mapping.FS, e.name+c.Ending())
		if err != nil {
			continue // most files have none
		}
		if v.stamp.modified < e.stamps[coding.Identity].modified {
			v.close()
			e.stamps[c] = v.stamp
			continue
		}
		v.validators.ETag = codedTag(v.validators.ETag, c)
		content := e.content(c, v, now)
		content.Whole = true
		e.coded[c].Store(content)
	}
}

// codedTag is the tag of a coding of what has tag: RFC 9110, section 8.8.3, wants another one for each.
func codedTag(tag []byte, c coding.Coding) []byte {
	if len(tag) == 0 {
		return nil
	}
	open := tag[: len(tag)-1 : len(tag)-1]
	return append(append(append(open, '-'), c.String()...), '"')
}

// moveIn moves what is in memory, and large enough, into an arena. It is called before anybody else knows the entry.
func (e *entry) moveIn(a *arena) {
	e.arena = a
	e.identity = e.moved(e.identity)
	for i := range e.coded {
		if c := e.coded[i].Load(); c != nil {
			e.coded[i].Store(e.moved(c))
		}
	}
}

// moved is a content in the arena, or the content itself.
func (e *entry) moved(c *reply.Content) *reply.Content {
	if c.InFile() || c.Size() < leastInArena {
		return c
	}
	body, _ := c.Bytes() // it lies in memory
	r, ok := e.arena.put(body)
	if !ok {
		return c
	}
	e.rooms = append(e.rooms, r)
	return c.MovedTo(e.arena.file, r.offset, e.release)
}

// isCounted reports whether it matters who holds the entry.
func (e *entry) isCounted() bool { return len(e.files) > 0 || len(e.rooms) > 0 }

// hold keeps the descriptors open, and the places in the arena, until release. The caller sees to it that the entry is held
// already by somebody.
func (e *entry) hold() {
	if e.isCounted() {
		e.holds.Add(1)
	}
}

// release gives a hold back.
func (e *entry) release() {
	if !e.isCounted() || e.holds.Add(-1) > 0 {
		return
	}
	for _, file := range e.files {
		_ = file.Close() // it was only read from
	}
	for _, r := range e.rooms {
		e.arena.drop(r)
	}
}

// reply answers a request with a content of the entry, and gives the caller's hold to the reply.
func (e *entry) reply(content *reply.Content, req *Request) *reply.Reply {
	r := content.Reply(req.Method, req.Fields)
	if !content.InFile() {
		e.release()
	}
	return r
}

// choose chooses the coding, and says which one the client would rather have. Ranges are given of the file as it is: of a
// coding that may be gone before the client asks for the next one they would be of no use.
func (e *entry) choose(fields []python.Field) (content *reply.Content, wanted coding.Coding) {
	if !e.varies || hasRange(fields) {
		return e.identity, coding.Identity
	}
	accepted := coding.Accept(fields)
	best := accepted.Best(func(c coding.Coding) bool { return e.coded[c].Load() != nil })
	if e.squeezes {
		wanted = accepted.Best(func(c coding.Coding) bool { return e.coded[c].Load() != nil || !e.tried[c].Load() })
		if wanted == best {
			wanted = coding.Identity
		}
	}
	if content := e.coded[best].Load(); content != nil {
		return content, wanted
	}
	return e.identity, wanted
}

func hasRange(fields []python.Field) bool {
	for i := range fields {
		if name := fields[i].Name; len(name) == len("range") && python.EqualFold(name, "range") {
			return true
		}
	}
	return false
}

// isFresh reports whether the entry can be used without looking at the file: it was looked at within the last second, or
// somebody else has just begun to.
func (e *entry) isFresh(now time.Time) bool {
	checked := e.checked.Load()
	return now.UnixNano()-checked < int64(believed) || !e.checked.CompareAndSwap(checked, now.UnixNano())
}

// believed is how long what is known about a file is believed.
const believed = time.Second

// isCurrent looks at the file and its sidecars, and reports whether they are still the ones that are known. A file system
// that does not answer changes nothing.
func (e *entry) isCurrent() bool {
	if !e.settled {
		return false
	}
	if !e.isStamped(coding.Identity) {
		return false
	}
	if e.varies && e.mapping.Sidecars {
		for _, c := range coding.All {
			if !e.isStamped(c) {
				return false
			}
		}
	}
	return true
}

func (e *entry) isStamped(c coding.Coding) bool {
	s, err := statStamp(e.mapping.FS, e.name+c.Ending())
	return err != nil || s == e.stamps[c]
}
