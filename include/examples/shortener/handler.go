package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
)

// longest is how many bytes a request's body may have.
const longest = 1 << 14

// handler answers requests from what the store holds.
type handler struct {
	links *store
}

func newHandler(links *store) http.Handler {
	h, mux := &handler{links: links}, http.NewServeMux()
	mux.HandleFunc("GET /healthz", h.healthy)
	mux.HandleFunc("GET /version", h.version)
	mux.HandleFunc("POST /links", h.add)
	mux.HandleFunc("GET /links/{code}", h.show)
	mux.HandleFunc("GET /{code}", h.visit)
	return mux
}

func (h *handler) healthy(w http.ResponseWriter, r *http.Request) {
	if _, err := h.links.schema(r.Context()); err != nil {
		slog.Warn("the database does not answer", "error", err)
		answer(w, http.StatusServiceUnavailable, map[string]any{"healthy": false})
		return
	}
	answer(w, http.StatusOK, map[string]any{"healthy": true})
}

func (h *handler) version(w http.ResponseWriter, r *http.Request) {
	hostname, _ := os.Hostname()
	found := map[string]any{"version": version, "hostname": hostname, "schema": nil}
	if schema, err := h.links.schema(r.Context()); err == nil {
		found["schema"] = schema
	}
	answer(w, http.StatusOK, found)
}

func (h *handler) add(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		URL string `json:"url"`
	}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, longest))
	if err := body.Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, `the body must be {"url": "https://..."}`)
		return
	}
	target, err := url.Parse(asked.URL)
	if err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https") {
		refuse(w, http.StatusBadRequest, "url must be an http or https address")
		return
	}
	made, err := h.links.add(r.Context(), asked.URL)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusCreated, made)
}

func (h *handler) show(w http.ResponseWriter, r *http.Request) {
	found, err := h.links.find(r.Context(), r.PathValue("code"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, found)
}

func (h *handler) visit(w http.ResponseWriter, r *http.Request) {
	target, err := h.links.visit(r.Context(), r.PathValue("code"))
	if err != nil {
		fail(w, err)
		return
	}
	// Each visit is counted, so nobody should remember the way.
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, target, http.StatusFound)
}

func fail(w http.ResponseWriter, err error) {
	if errors.Is(err, errNoLink) {
		refuse(w, http.StatusNotFound, "there is no such link")
		return
	}
	slog.Error("a request failed", "error", err)
	refuse(w, http.StatusServiceUnavailable, "the database does not answer")
}

func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, map[string]string{"error": why})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
