package proxy

import (
	"net/http"

	"github.com/valyala/fasthttp"

	"forebay/proxy/head"
	"forebay/python"
)

func (x *exchange) serveStatic() (bool, error) {
	ctx := new(fasthttp.RequestCtx)
	ctx.Request.Header.SetMethodBytes(x.head.Method)
	for _, f := range x.head.Fields {
		if python.EqualFold(f.Name, "if-modified-since") {
			ctx.Request.Header.SetBytesKV(f.Name, f.Value)
		}
	}
	served, err := x.rules.files.Serve(ctx, x.head.Path)
	if !served {
		return false, nil
	}
	status := ctx.Response.StatusCode()
	if status >= 400 {
		if err != nil {
			x.p.log.Error("static", "error", err)
		}
		return true, &head.Refusal{Status: status, Reason: "static files"}
	}
	x.startHead(status, nil)
	for k, v := range ctx.Response.Header.All() {
		if string(k) != "Content-Length" && string(k) != "Date" && string(k) != "Connection" {
			x.addField(k, v)
		}
	}
	body := ctx.Response.Body()
	length := int64(len(body))
	if status == http.StatusNotModified {
		length = bare
	} else if ctx.Response.SkipBody {
		length, body = int64(ctx.Response.Header.ContentLength()), nil
	}
	x.endHead(own{}, length)
	return true, x.sendWhole(body)
}
