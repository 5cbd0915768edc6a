from edge.settings import Secret, look_up


def test_systemd_s_credentials_come_first(tmp_path):
    for folder, text in (("credentials", "first\n"), ("secrets", "second\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "city").write_text(text)
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    secrets = tmp_path / "secrets"
    assert look_up(Secret(name="city"), environment=environment, directory=secrets) == "first"
    assert look_up(Secret(name="city"), environment={}, directory=secrets) == "second"


def test_a_secret_that_is_nowhere_is_none(tmp_path):
    assert look_up(Secret(name="city"), environment={}, directory=tmp_path) is None


def test_a_whole_directory_of_credentials_carries_its_name_in_front(tmp_path):
    (tmp_path / "secrets_city").write_text("third\n")
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert look_up(Secret(name="city"), environment=environment, directory=tmp_path / "none") == "third"
