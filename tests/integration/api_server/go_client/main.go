// Posts bodies of several sizes without a key, and reads after each, over one connection at a time.
// It prints a line for each request: its name, and its status or error.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// A reader without a known length, so that the client sends chunks.
type stream struct{ io.Reader }

func main() {
	url := os.Args[1]
	client := &http.Client{
		Transport: &http.Transport{MaxConnsPerHost: 1},
		Timeout:   30 * time.Second,
	}
	for _, size := range []int{1, 100_000, 600_000, 2_000_000, 8_000_000} {
		body := bytes.Repeat([]byte("x"), size)
		for _, kind := range []string{"length", "chunks", "expect"} {
			var reader io.Reader = bytes.NewReader(body)
			if kind == "chunks" {
				reader = stream{reader}
			}
			request, err := http.NewRequest("POST", url+"/v1/posts", reader)
			if err != nil {
				panic(err)
			}
			request.Header.Set("Content-Type", "application/json")
			if kind == "expect" {
				request.Header.Set("Expect", "100-continue")
			}
			report(fmt.Sprintf("post %d %s", size, kind), client, request)
			for i := 0; i < 3; i++ {
				request, err := http.NewRequest("GET", url+"/", nil)
				if err != nil {
					panic(err)
				}
				report("get", client, request)
			}
		}
	}
}

func report(name string, client *http.Client, request *http.Request) {
	response, err := client.Do(request)
	if err != nil {
		fmt.Println(name, err)
		return
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
	fmt.Println(name, response.StatusCode)
}
