package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// review holds the fields of an admission.k8s.io/v1 AdmissionReview that are
// needed to answer one.
type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID string `json:"uid"`
}

type response struct {
	UID     string `json:"uid"`
	Allowed bool   `json:"allowed"`
	Status  status `json:"status"`
}

type status struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// webhook serves an admission webhook on a free loopback port, with the serving
// certificate found in dir, that denies every request with message. Its address
// goes to dir/webhook.address once it listens.
func webhook(dir, message string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	deny := func(writer http.ResponseWriter, incoming *http.Request) {
		asked := review{}
		if err := json.NewDecoder(incoming.Body).Decode(&asked); err != nil || asked.Request == nil {
			http.Error(writer, "not an AdmissionReview", http.StatusBadRequest)
			return
		}
		writer.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(writer).Encode(review{
			APIVersion: asked.APIVersion, Kind: asked.Kind,
			Response: &response{UID: asked.Request.UID, Status: status{Code: http.StatusForbidden, Message: message}},
		})
	}
	address := filepath.Join(dir, "webhook.address")
	if err := os.WriteFile(address+".part", []byte(listener.Addr().String()), 0o644); err != nil {
		return err
	}
	if err := os.Rename(address+".part", address); err != nil {
		return err
	}
	return http.ServeTLS(listener, http.HandlerFunc(deny), filepath.Join(dir, "serving.crt"), filepath.Join(dir, "serving.key"))
}
