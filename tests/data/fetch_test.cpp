#include "hebb/fetch.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>

#include "hebb/random.hpp"
#include "helpers.hpp"
#include "http_server.hpp"

namespace hebb {
namespace {

namespace fs = std::filesystem;
using test::expect_error;
using test::HttpRequest;
using test::HttpResponse;
using test::HttpServer;
using test::TemporaryFolder;

/// What is to be fetched, and its digest, worked out by the code under test, which has tests of its own
/// below.
class Fetch : public testing::Test {
 protected:
  Fetch() {
    Random random(1);
    for (int i = 0; i < 300000; ++i) content_ += static_cast<char>(random.bits());
    file_ = {.name = "images.gz",
             .bytes = static_cast<std::int64_t>(content_.size()),
             .sha256 = sha256_of_file(folder_.write("original", content_))};
    fs::remove(folder_.path("original"));
  }

  FetchOptions options(const std::vector<std::string>& mirrors) const {
    return {.cache_dir = folder_.path("cache"), .mirrors = mirrors, .files = {file_}, .allow_http = true};
  }
  std::string target() const { return folder_.path("cache/digits/images.gz"); }
  std::string part() const { return target() + ".part"; }
  void expect_fetched() const {
    EXPECT_EQ(test::read_text(target()), content_);
    EXPECT_FALSE(fs::exists(part()));
  }
  void leave_part(const std::string& text) const { folder_.write("cache/digits/images.gz.part", text); }

  /// As a good server answers.
  HttpResponse good(const HttpRequest& request) const {
    if (request.range_start < 0) return {.body = content_};
    if (request.range_start >= static_cast<std::int64_t>(content_.size())) return {.status = 416};
    const std::string range = "Content-Range: bytes " + std::to_string(request.range_start) + "-" +
                              std::to_string(content_.size() - 1) + "/" + std::to_string(content_.size()) +
                              "\r\n";
    return {.status = 206,
            .body = content_.substr(static_cast<std::size_t>(request.range_start)),
            .headers = range};
  }

  TemporaryFolder folder_;
  std::string content_;
  RemoteFile file_;
};

TEST_F(Fetch, DownloadsChecksAndFindsItAgain) {
  HttpServer server([&](const HttpRequest& request) { return good(request); });
  std::vector<FetchProgress> seen;
  FetchOptions wanted = options({server.url("/data")});
  wanted.progress = [&](const FetchProgress& progress) { seen.push_back(progress); };
  const FetchResult first = fetch_dataset("digits", wanted);
  EXPECT_EQ(first.directory, folder_.path("cache/digits"));
  EXPECT_EQ(first.downloaded, std::vector<std::string>{"images.gz"});
  EXPECT_TRUE(first.present.empty());
  EXPECT_FALSE(first.cancelled);
  expect_fetched();
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].path, "/data/images.gz");
  ASSERT_GE(seen.size(), 2U);
  EXPECT_EQ(seen.back().received, file_.bytes);
  EXPECT_EQ(seen.back().total, file_.bytes);
  EXPECT_EQ(seen.back().file_number, 1);
  EXPECT_TRUE(
      std::is_sorted(seen.begin(), seen.end(), [](auto& a, auto& b) { return a.received < b.received; }));
  const FetchResult second = fetch_dataset("digits", wanted);
  EXPECT_EQ(second.present, std::vector<std::string>{"images.gz"});
  EXPECT_EQ(server.requests().size(), 1U) << "an intact file was fetched again";
}

TEST_F(Fetch, ReplacesAFileThatIsNotIntact) {
  HttpServer server([&](const HttpRequest& request) { return good(request); });
  folder_.write("cache/digits/images.gz", "half");
  fetch_dataset("digits", options({server.url()}));
  expect_fetched();
}

TEST_F(Fetch, ContinuesATransferThatBroke) {
  HttpServer server([&](const HttpRequest& request) {
    HttpResponse response = good(request);
    if (request.range_start < 200000) {  // cut, though the header promises the whole
      response.content_length = static_cast<std::int64_t>(response.body.size());
      response.body.resize(100000);
    }
    return response;
  });
  fetch_dataset("digits", options({server.url()}));
  expect_fetched();
  const std::vector<HttpRequest> requests = server.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].range_start, -1);
  EXPECT_EQ(requests[1].range_start, 100000);
  EXPECT_EQ(requests[2].range_start, 200000);
}

TEST_F(Fetch, ContinuesWhatAnEarlierAttemptLeft) {
  leave_part(content_.substr(0, 123456));
  HttpServer server([&](const HttpRequest& request) { return good(request); });
  fetch_dataset("digits", options({server.url()}));
  expect_fetched();
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].range_start, 123456);
}

TEST_F(Fetch, TakesACompletePartWithoutAsking) {
  leave_part(content_);
  HttpServer server([&](const HttpRequest&) { return HttpResponse{.status = 500}; });
  fetch_dataset("digits", options({server.url()}));
  expect_fetched();
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Fetch, StartsAnewWhenAnotherFileWasBegun) {
  for (const std::string& left :
       {std::string(1000, 'x'), std::string(300000, 'x'), std::string(400000, 'x')}) {
    fs::remove(target());
    leave_part(left);
    HttpServer server([&](const HttpRequest& request) { return good(request); });
    fetch_dataset("digits", options({server.url()}));
    expect_fetched();
    EXPECT_LE(server.requests().size(), 3U) << left.size();
  }
}

TEST_F(Fetch, ServersThatKnowNoRanges) {
  leave_part(content_.substr(0, 1000));
  HttpServer whole([&](const HttpRequest&) { return HttpResponse{.body = content_}; });
  fetch_dataset("digits", options({whole.url()}));
  expect_fetched();
  EXPECT_EQ(whole.requests().size(), 1U);
}

TEST_F(Fetch, DoesNotTrustARangeThatWasNotAskedFor) {
  leave_part(content_.substr(0, 1000));
  HttpServer wrong([&](const HttpRequest& request) {
    return good({.path = request.path, .range_start = std::max<std::int64_t>(0, request.range_start - 10)});
  });
  HttpServer right([&](const HttpRequest& request) { return good(request); });
  fetch_dataset("digits", options({wrong.url(), right.url()}));
  expect_fetched();
  EXPECT_EQ(right.requests().size(), 1U);
}

TEST_F(Fetch, FallsOverToTheNextMirror) {
  std::string wrong_content = content_;
  wrong_content[5] = static_cast<char>(wrong_content[5] ^ 1);
  HttpServer absent([&](const HttpRequest&) { return HttpResponse{.status = 404, .body = "no such file"}; });
  HttpServer wrong([&](const HttpRequest&) { return HttpResponse{.body = wrong_content}; });
  HttpServer longer([&](const HttpRequest&) { return HttpResponse{.body = content_ + "more"}; });
  HttpServer right([&](const HttpRequest& request) { return good(request); });
  fetch_dataset("digits",
                options({"http://127.0.0.1:1/", absent.url(), wrong.url(), longer.url(), right.url()}));
  expect_fetched();
  EXPECT_EQ(absent.requests().size(), 1U);
  EXPECT_EQ(wrong.requests().size(), 1U);
  EXPECT_EQ(longer.requests().size(), 1U);
  ASSERT_EQ(right.requests().size(), 1U);
  EXPECT_EQ(right.requests()[0].range_start, -1) << "built on what another mirror got wrong";
}

TEST_F(Fetch, TellsWhatEveryMirrorAnswered) {
  HttpServer absent([&](const HttpRequest&) { return HttpResponse{.status = 404}; });
  HttpServer wrong(
      [&](const HttpRequest&) { return HttpResponse{.body = std::string(content_.size(), 'x')}; });
  HttpServer brief([&](const HttpRequest&) { return HttpResponse{.body = "brief"}; });
  expect_error<FormatError>(
      [&] {
        fetch_dataset("digits", options({absent.url(), wrong.url(), brief.url()}));
      },
      {"images.gz", absent.url(), "404", wrong.url(), "SHA-256", brief.url(), "5 of 300000"});
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(Fetch, AFileThatWasThereSurvivesFailure) {
  folder_.write("cache/digits/images.gz", "what was there");
  HttpServer wrong(
      [&](const HttpRequest&) { return HttpResponse{.body = std::string(content_.size(), 'x')}; });
  EXPECT_THROW(fetch_dataset("digits", options({wrong.url()})), FormatError);
  EXPECT_EQ(test::read_text(target()), "what was there");
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(Fetch, IsCancelledAndContinued) {
  std::atomic<bool> cancel{false};
  HttpServer server([&](const HttpRequest& request) {
    HttpResponse response = good(request);
    if (!cancel && request.range_start < 0) {
      response.content_length = static_cast<std::int64_t>(response.body.size());
      response.body.resize(70000);
    }
    return response;
  });
  FetchOptions wanted = options({server.url()});
  wanted.cancel = &cancel;
  wanted.progress = [&](const FetchProgress&) { cancel = true; };
  const FetchResult result = fetch_dataset("digits", wanted);
  EXPECT_TRUE(result.cancelled);
  EXPECT_FALSE(fs::exists(target()));
  EXPECT_GT(fs::file_size(part()), 0U);
  cancel = false;
  wanted.progress = {};
  EXPECT_FALSE(fetch_dataset("digits", wanted).cancelled);
  expect_fetched();
  EXPECT_GT(server.requests().back().range_start, 0);
}

TEST_F(Fetch, FollowsARedirection) {
  HttpServer server([&](const HttpRequest& request) {
    if (request.path == "/old/images.gz")
      return HttpResponse{.status = 302, .headers = "Location: /new/images.gz\r\n"};
    return good(request);
  });
  fetch_dataset("digits", options({server.url("/old/")}));
  expect_fetched();
}

TEST_F(Fetch, AsksOnlyForHttpsUnlessTold) {
  FetchOptions strict = options({"http://127.0.0.1:1/"});
  strict.allow_http = false;
  expect_error<ConfigError>([&] { fetch_dataset("digits", strict); }, {"http://127.0.0.1:1/", "https"});
  expect_error<ConfigError>([&] { fetch_dataset("digits", options({"file:///etc/"})); }, {"file:///etc/"});
}

TEST_F(Fetch, RefusesBadRequests) {
  expect_error<ConfigError>([] { fetch_dataset("mnits", {.cache_dir = "/tmp"}); }, {"mnits", "mnist"});
  expect_error<ConfigError>([] { fetch_dataset("mnist", {.cache_dir = ""}); }, {"folder"});
  FetchOptions wanted = options({"https://localhost/"});
  expect_error<ConfigError>([&] { fetch_dataset("../digits", wanted); }, {"../digits"});
  wanted.files[0].name = "../../x";
  expect_error<ConfigError>([&] { fetch_dataset("digits", wanted); }, {"../../x"});
  wanted = options({"https://localhost/"});
  wanted.files[0].sha256 = "abc";
  expect_error<ConfigError>([&] { fetch_dataset("digits", wanted); }, {"abc"});
  const std::string blocked = folder_.write("file", "x");
  wanted = options({"https://localhost/"});
  wanted.cache_dir = blocked;
  expect_error<FormatError>([&] { fetch_dataset("digits", wanted); }, {blocked});
}

TEST_F(Fetch, OneAtATime) {
  HttpServer server([&](const HttpRequest& request) { return good(request); });
  FetchOptions wanted = options({server.url()});
  int refused = 0;
  wanted.progress = [&](const FetchProgress& progress) {
    if (progress.received == progress.total) return;
    try {
      fetch_dataset("digits", options({server.url()}));
    } catch (const FormatError& problem) {
      refused += std::string(problem.what()).find("another process") != std::string::npos ? 1 : 0;
    }
  };
  fetch_dataset("digits", wanted);
  EXPECT_GE(refused, 1);
  expect_fetched();
}

TEST_F(Fetch, UnpacksArchives) {
  // A folder, "one.bin", a link, "two.txt", "../../three.txt" and ".hidden": see make_archives.py.
  const std::string archive = HEBB_TEST_SOURCE_DIR "/data/fixtures/small.tar.gz";
  content_ = test::read_text(archive);
  file_ = {.name = "small.tar.gz",
           .bytes = static_cast<std::int64_t>(content_.size()),
           .sha256 = sha256_of_file(archive)};
  HttpServer server([&](const HttpRequest& request) { return good(request); });
  const auto expect_unpacked = [&] {
    EXPECT_EQ(test::read_text(folder_.path("cache/digits/one.bin")), std::string(700, 'x'));
    EXPECT_EQ(test::read_text(folder_.path("cache/digits/two.txt")), "two\n");
    EXPECT_EQ(test::read_text(folder_.path("cache/digits/three.txt")), "three\n");
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder_.path("cache/digits"))) ++files;
    EXPECT_EQ(files, 4U);
  };
  EXPECT_EQ(fetch_dataset("digits", options({server.url("/data")})).downloaded.size(), 1U);
  expect_unpacked();
  // What was lost comes back from the archive that is there.
  fs::remove(folder_.path("cache/digits/one.bin"));
  folder_.write("cache/digits/two.txt", "cut");
  EXPECT_EQ(fetch_dataset("digits", options({server.url("/data")})).present.size(), 1U);
  expect_unpacked();
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(FetchSources, AreKnown) {
  EXPECT_EQ(fetchable_datasets(),
            (std::vector<std::string>{"cifar10", "cifar100", "fashion-mnist", "mnist"}));
}

/// The examples of FIPS 180-2, appendix B, and of the empty message.
TEST(Sha256, AgreesWithTheStandard) {
  const TemporaryFolder folder;
  const auto digest = [&](const std::string& text) { return sha256_of_file(folder.write("f", text)); };
  EXPECT_EQ(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_THROW(sha256_of_file(folder.path("absent")), FormatError);
}

}  // namespace
}  // namespace hebb
