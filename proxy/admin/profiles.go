package admin

import (
	"net/http"
	"net/http/pprof" // what it adds to http.DefaultServeMux nobody serves

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// profiles are those of the Go part: where its time and its memory go. The one with the star comes last, as it takes the rest.
func (a *Admin) profiles() {
	for _, profile := range []struct {
		path    string
		handler http.HandlerFunc
	}{
		{"profile", pprof.Profile}, {"trace", pprof.Trace}, {"symbol", pprof.Symbol}, {"cmdline", pprof.Cmdline}, {"*", pprof.Index},
	} {
		adapted := fasthttpadaptor.NewFastHTTPHandlerFunc(profile.handler)
		a.app.Get("/debug/pprof/"+profile.path, func(c *fiber.Ctx) error { adapted(c.Context()); return nil })
	}
}
