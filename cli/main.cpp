#include "app.hpp"

int main(int argc, char** argv) { return static_cast<int>(cachekit::cli::run(argc, argv)); }
