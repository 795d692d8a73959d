// Print the text in a picture: read_text IMAGE [URL]        (libcurl, and nlohmann's JSON)
// g++ -std=c++17 -O2 -o read_text read_text.cpp -lcurl
#include <curl/curl.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

static size_t append(char *data, size_t, size_t length, void *text) {
    static_cast<std::string *>(text)->append(data, length);
    return length;
}

/// The lines of text in a picture; throws std::runtime_error with the server's own words.
std::vector<std::string> read_text(const std::string &image, const std::string &url) {
    if (!std::ifstream(image)) throw std::runtime_error("cannot read " + image);
    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
    if (!curl) throw std::runtime_error("curl cannot be set up");
    // As a form's file, which spares base64.
    std::unique_ptr<curl_mime, decltype(&curl_mime_free)> form(curl_mime_init(curl.get()), curl_mime_free);
    curl_mimepart *part = curl_mime_addpart(form.get());
    curl_mime_name(part, "images");
    curl_mime_filedata(part, image.c_str());
    // A file that is not an image is an error.
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
        curl_slist_append(nullptr, "X-Hub-Strict: 1"), curl_slist_free_all);
    std::string body;
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_MIMEPOST, form.get());
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
    if (CURLcode code = curl_easy_perform(curl.get()); code != CURLE_OK)
        throw std::runtime_error(curl_easy_strerror(code));

    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    const std::string http = "HTTP " + std::to_string(status);
    const auto answer = nlohmann::json::parse(body, nullptr, false);
    if (!answer.is_object()) throw std::runtime_error(http + ", and no JSON");
    if (status != 200) throw std::runtime_error(http + ": " + answer.at("msg").get<std::string>());
    std::vector<std::string> texts;
    for (const auto &line : answer.at("results").at(0)) texts.push_back(line.at("text"));
    return texts;
}

int main(int count, char **arguments) {
    if (count < 2) {
        std::cerr << "usage: read_text IMAGE [URL]\n";
        return 2;
    }
    try {
        const std::string url = count > 2 ? arguments[2] : "http://127.0.0.1:8868/predict/ocr_system";
        for (const auto &text : read_text(arguments[1], url)) std::cout << text << '\n';
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
