"""The image catalogue: how a reference is read, and what there is to pull."""

from __future__ import annotations

import pytest

from ecs_emulator.world.images import FIRST_IMAGES, ImageReference, Images

DIGEST = "sha256:" + "0" * 64
ECR = "123456789876.dkr.ecr.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:alpine", "docker.io/library/nginx:alpine"),
        ("nginx:wrong-image-tag", "docker.io/library/nginx:wrong-image-tag"),
        ("amazon/amazon-ecs-sample", "docker.io/amazon/amazon-ecs-sample:latest"),
        ("docker.io/library/nginx:alpine", "docker.io/library/nginx:alpine"),
        ("public.ecr.aws/nginx/nginx:stable", "public.ecr.aws/nginx/nginx:stable"),
        (f"{ECR}/web", f"{ECR}/web:latest"),
        (f"{ECR}/team/web:1.2", f"{ECR}/team/web:1.2"),
        ("localhost/web:1", "localhost/web:1"),
        ("registry:5000/web", "registry:5000/web:latest"),
        ("registry:5000/web:2", "registry:5000/web:2"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"{ECR}/web@{DIGEST}", f"{ECR}/web@{DIGEST}"),
    ],
)
def test_a_reference_is_read_as_docker_reads_it(text: str, full: str) -> None:
    assert ImageReference.read(text).full == full


def test_a_tag_beside_a_digest_does_not_count() -> None:
    assert ImageReference.read(f"nginx:alpine@{DIGEST}") == ImageReference(
        "docker.io/library/nginx", DIGEST, is_digest=True
    )


@pytest.mark.parametrize(
    ("reference", "repository_is_there", "image_is_there"),
    [
        ("nginx:alpine", True, True),
        ("nginx", True, True),
        ("nginx:wrong-image-tag", True, False),
        ("no-such-image:latest", False, False),
        (f"nginx@{DIGEST}", True, True),
        (f"no-such-image@{DIGEST}", False, False),
        ("public.ecr.aws/nginx/nginx:wrong", True, False),
    ],
)
def test_the_first_catalogue(
    reference: str, repository_is_there: bool, image_is_there: bool
) -> None:
    images, image = Images(), ImageReference.read(reference)

    assert (images.has_repository(image), images.has(image)) == (
        repository_is_there,
        image_is_there,
    )


def test_a_new_catalogue_replaces_the_old_one_and_may_use_short_names() -> None:
    images = Images()
    images.replace({"nginx": ["2", "1"], f"{ECR}/web": []})

    assert images.as_json() == {f"{ECR}/web": [], "docker.io/library/nginx": ["1", "2"]}
    assert images.has(ImageReference.read("nginx:1"))
    assert not images.has(ImageReference.read("nginx:alpine"))
    assert not images.has(ImageReference.read("httpd"))


def test_a_changed_catalogue_leaves_the_first_one_alone() -> None:
    Images().tags["docker.io/library/nginx"].clear()

    assert Images().as_json() == {name: sorted(tags) for name, tags in FIRST_IMAGES.items()}
