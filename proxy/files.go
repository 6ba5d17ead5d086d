package proxy

import (
	"forebay/proxy/access"
	"forebay/proxy/static"
)

// serveStatic answers with a file, if the path is one's. found is false for what the application answers.
func (x *exchange) serveStatic() (found bool, err error) {
	r, found := x.rules.files.Find(&static.Request{
		Method: x.head.Method, Raw: x.head.Path, Path: x.path, Query: x.head.Query, Fields: x.head.Fields, Lead: x.conn.sock,
	})
	if !found {
		return false, nil
	}
	x.source = access.Static
	return true, x.sendReply(r, nil)
}
