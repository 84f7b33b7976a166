package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func ask(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader(body)))
	return answer
}

func added(t *testing.T, h http.Handler, url string) link {
	t.Helper()
	answer := ask(h, "POST", "/links", `{"url": "`+url+`"}`)
	var made link
	if err := json.NewDecoder(answer.Body).Decode(&made); err != nil || answer.Code != 201 {
		t.Fatalf("status %d, %v", answer.Code, err)
	}
	return made
}

func TestALinkLeadsWhereItShould(t *testing.T) {
	h := newHandler(newStore(t))
	const url = "https://example.org/a?b=c&d=%20#e"
	made := added(t, h, url)
	answer := ask(h, "GET", "/"+made.Code, "")
	if answer.Code != http.StatusFound || answer.Header().Get("Location") != url {
		t.Errorf("status %d to %q", answer.Code, answer.Header().Get("Location"))
	}
}

func TestEveryVisitIsCounted(t *testing.T) {
	h := newHandler(newStore(t))
	made := added(t, h, "https://example.org/")
	var visitors sync.WaitGroup
	for range 20 {
		visitors.Add(1)
		go func() {
			defer visitors.Done()
			ask(h, "GET", "/"+made.Code, "")
		}()
	}
	visitors.Wait()
	var found link
	answer := ask(h, "GET", "/links/"+made.Code, "")
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil || found.Visits != 20 {
		t.Errorf("%d visits, %v", found.Visits, err)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	h := newHandler(newStore(t))
	for _, path := range []string{"/nothing1", "/links/nothing1", "/'; DROP TABLE links"} {
		answer := ask(h, "GET", strings.ReplaceAll(path, " ", "%20"), "")
		if answer.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, answer.Code)
		}
	}
}

func TestOnlyAddressesBecomeLinks(t *testing.T) {
	h := newHandler(newStore(t))
	bodies := []string{
		"", "null", "{", `{"url": 1}`, `{"url": ""}`, `{"url": "javascript:alert(1)"}`,
		`{"url": "/path"}`, `{"url": "https://"}`, `{"url": "` + strings.Repeat("x", longest) + `"}`,
	}
	for _, body := range bodies {
		if answer := ask(h, "POST", "/links", body); answer.Code != http.StatusBadRequest {
			t.Errorf("%.40s: status %d", body, answer.Code)
		}
	}
}

func TestItSaysWhatItIs(t *testing.T) {
	h := newHandler(newStore(t))
	var found struct {
		Version  string
		Hostname string
		Schema   int
	}
	answer := ask(h, "GET", "/version", "")
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	if found.Version != version || found.Hostname == "" || found.Schema != len(migrations(t)) {
		t.Errorf("%+v", found)
	}
}

func TestWithoutADatabaseItRunsAndSaysItIsNotHealthy(t *testing.T) {
	links := newStore(t)
	h := newHandler(links)
	if answer := ask(h, "GET", "/healthz", ""); answer.Code != http.StatusOK {
		t.Errorf("status %d", answer.Code)
	}
	links.database.Close()
	for _, path := range []string{"/healthz", "/anything"} {
		if answer := ask(h, "GET", path, ""); answer.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: status %d", path, answer.Code)
		}
	}
	if answer := ask(h, "GET", "/version", ""); answer.Code != http.StatusOK {
		t.Errorf("status %d", answer.Code)
	}
}
