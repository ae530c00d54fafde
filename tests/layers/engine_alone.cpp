// The engine is linked whole into this program: it must find all it needs in the libraries it declares.
int main() {}
